"""Names of profiles that are words, too: what a prompt means by them."""

from __future__ import annotations

#: A profile may be called so; a prompt still means the word.
NEVER_A_NAME = frozenset(
    "a all am an and are as at be behind beside but by down for from he her him his i if in "
    "into is it its like me my near no nor not of off on onto or our out over she so that the "
    "their them then these they this those to under up us very was we were who with without "
    "you your".split()
)
#: Given names that are words.
_GIVEN = frozenset(
    "amber angel april art august autumn baby bear bill bird blossom brook buddy bunny carol "
    "cat charity chase clay cliff coral crystal daisy dawn destiny dog dragon dream dusk eve "
    "faith fern fire fish flower fox frank ginger glen grace grant hazel heath heather heaven "
    "holly honey hope hunter ice iris ivy jack jade jasmine joy june kitty lake lark lily "
    "lion love mark max may melody misty moon north ocean olive opal paige pat pearl penny "
    "prince princess rain raven reed river rob robin rock rocky rose ruby sage sandy sky "
    "snowy spring star stone storm summer sun sunny tiger victory violet wade will willow "
    "wolf".split()
)
#: The words that mini knows, but for those above.
OF_PROMPTS = frozenset(
    "among angry armor armour artist astronaut athlete background bad bald beach beard "
    "beautiful best big black blond blonde blue blurry boats books boy brown builder bun "
    "business cap captain castle casual chef city close clothes clown coat colour "
    "construction cook cowboy cowgirl crown curly dark day desert detailed diver doctor "
    "drawing dressed face falling firefighter flowers flying forest front garden girl glasses "
    "goatee good gray green grey hair happily happy harbor harbour hat head headgear helmet "
    "high home jacket king kitchen knight laugh laughing left library light linocut living "
    "long looking low magician man mountains moustache mouth neutral night officer oil old "
    "open orange outer painter painting pencil person photo photograph picture pilot pink "
    "pirate plain platinum police ponytail pop portrait poster print purple quality queen red "
    "riding right room round sad scuba sea short sketch smile smiling snow someone space "
    "sport sportswear square stage stars street stubble studio style suit sunglasses sunset "
    "surprised theater theatre tie trees ugly underwater uniform water watercolor watercolour "
    "wavy wearing white wide winter wizard woman woodblock woodcut woods worker yellow "
    "young".split()
)
#: At the beginning of a prompt they are the person, elsewhere the word, unless with a capital.
WORDS_TOO = _GIVEN | OF_PROMPTS
