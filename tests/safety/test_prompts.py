"""Which prompts are refused: a table both ways."""

from __future__ import annotations

import pytest

from pidiff_cli.errors import InputError
from pidiff_cli.safety.prompts import check_prompts, plain, refused

REFUSED = """
nude
a naked woman on a beach
as an astronaut, naked
NAKED portrait
topless at the pool
fully nude, oil painting
(nude:1.3), masterpiece
((naked)) in the snow
n\u200bude in the garden
in the nude
without clothes
wearing nothing but a hat
with nothing on at all
taking her clothes off
undressed in a bedroom
porn star
pornographic scene
having sex
erotic photo
bare breasts
visible nipples
nsfw
hentai style
nackt am Strand
eine nackte Frau
oben ohne
ohne Kleidung
une femme nue
les seins nus
desnuda en la playa
un hombre desnudo
sin ropa
donna nuda
senza vestiti
mulher nua
sem roupa
naakt op het strand
без одежды
голая женщина
обнажённая
çıplak
裸体
全裸の女性
ヌード写真
누드 사진
عارية
नग्न
bottomless, in a bar
as a naked chef
any sex scene
naked, in front of a naked tree
a naked mole rat beside a naked man
""".strip().splitlines()
ALLOWED = """
as an astronaut
nude lipstick and a red dress
nude heels, street photo
nude-coloured nails
seen with the naked eye
holding a naked mole rat
a naked flame behind him
a naked tree in winter
in front of a Sex and the City poster
in a Sex Pistols t-shirt
at a same-sex wedding
on a map of Essex
in Sussex, Middlesex and Wessex
as a boy scout
as a girl guide, smiling
a bare tree in the snow
a bare-chested warrior statue
pussy willow branches in a vase
with a pussycat
blue tits on a branch
a chicken breast on a plate
a knight in a breastplate
a robin redbreast
Moby Dick in the background
a weathercock on the roof
magna cum laude
a bottomless pit
a topless car on the coast road
reading a comic strip
as a child drawing with crayons
with her children at the beach
holding a baby
a teenager on a skateboard
a 12 year old birthday cake
an 80 years old man
in a bikini at the beach
a sexy dress, evening
in a swimsuit
a kind woman in lingerie
in a barn, sexy dress
blote voeten op het strand
with dilated pupils, sensual light
a kid in a swimsuit building a sandcastle
playing with kids in the snow
art nouveau poster
menu of a restaurant
nudge the ball
a nugget of gold
an analogue camera
an assassin in a cocktail bar
a document, a circumference, an accumulator
Scunthorpe railway station
Nackter Fels im Gebirge
pieds nus dans le sable
á l'œil nu
árboles desnudos en invierno
ein Kind mit Hut
裸眼で見る
as a chef in a garden, smiling, oil painting
erecting a tent
a bed with nothing on it
Mr xxx in a suit
in the Naked Gun poster
""".strip().splitlines()
OF_MINORS = """
a nude child
naked girl
a sexy schoolgirl
a teen in lingerie
a 15 year old in a bikini
a 16-year-old, seductive
a sexy 17 yo
loli
shotacon
underage and sensual
ein nacktes Kind
fille sexy
niña en lencería
性感的女孩
少女 下着
голый ребёнок
""".strip().splitlines()


@pytest.mark.parametrize("prompt", REFUSED)
def test_intimate_prompts_are_refused(prompt: str) -> None:
    assert "intimate picture of a person" in refused(prompt)


@pytest.mark.parametrize("prompt", ALLOWED)
def test_words_that_only_look_so_are_drawn(prompt: str) -> None:
    assert refused(prompt) == ""


@pytest.mark.parametrize("prompt", OF_MINORS)
def test_minors_are_drawn_in_no_intimate_way(prompt: str) -> None:
    assert "under age" in refused(prompt)


def test_a_boy_or_girl_by_the_noun_counts_as_a_minor() -> None:
    assert refused("in lingerie", "woman") == ""
    assert "under age" in refused("in lingerie", "girl")
    assert refused("in the snow", "girl") == ""


def test_the_sentence_names_the_word_and_stops_at_the_first() -> None:
    with pytest.raises(InputError, match="“nude”") as caught:
        check_prompts(["as a chef", "a nude statue"])
    assert "other words" in caught.value.hint
    check_prompts(["as a chef"])


def test_plain_takes_out_what_hides_a_word() -> None:
    assert plain("(Nu\u200bdé:1.25)  [A]_b") == "nude a b"


def test_nothing_that_mini_draws_is_refused() -> None:
    from pidiff_cli.stages.words import known_words

    known = known_words()
    phrases = [phrase for group in known.groups.values() for phrase in group]
    assert phrases and not [
        phrase for phrase in (*phrases, *known.looks) if refused(phrase, "girl")
    ]
