"""Words by which an intimate prompt is known, and what they mean nothing by. Data only.

Words are without case and accents, as `prompts.plain` makes a text; `*` stands for any ending. They
stand for themselves where a language separates words, and anywhere in a text where it does not.
"""

from __future__ import annotations

#: Refused in any prompt: it is drawn with a person in it.
EXPLICIT = """
nude nudes nudity nudist* naked nakedness topless bottomless undressed undressing unclothed
disrobed nsfw porn* hentai ahegao futanari erotic* orgasm* orgy masturbat* blowjob* handjob*
cumshot* creampie deepthroat fellatio cunnilingus gangbang threesome bdsm bondage fetish* genital*
penis penises vagina* vulva* nipple* areola* anus striptease* stripper* upskirt deepnude sex sexual*
pussy dildo* boobs titties milf onlyfans
nackt nackte nackter nacktes nackten nacktem nacktheit entkleidet ausgezogen hullenlos brustwarze*
nue nues denude* denudee* deshabille deshabillee sexe porno* mamelon* seins
desnud* encuerad* pezon* senos tetas sexo follando
nuda nude nudo nudi spogliat* capezzol* sesso scopa*
nua nuas mamilo* seios
naakt naakte borsten seks tepel*
nago nagie nagiego rozebran* naken nakne naket nogen nogne pattar alasti meztelen* ciplak ustsuz
golyi golaya golie golye goly gol'* obnazhen* razdet* seksual*
телоголое голый голая голые голой голую голого обнажен* обнаженн* раздет* порно* секс сексуальн*
оголен* роздягнен* голий гола
عاري عارية عراة اباحي* عري جنس جنسي*
नग्न नंगा नंगी नंगे अश्लील
""".split()
#: The same where words are not set apart.
EXPLICIT_WITHIN = """
裸体 裸體 全裸 半裸 裸照 裸露 赤裸 色情 情色 性交 性爱 性愛 做爱 裸の 裸婦 ヌード エロ 性器 乳首
ポルノ セックス 누드 나체 알몸 벌거벗 포르노 섹스 야한 เปลือย โป๊
""".split()
PHRASES = """
no clothes|no clothing|without clothes|without any clothes|without clothing|without her clothes
without his clothes|without their clothes|wearing nothing|with nothing on at all|with nothing on but
nothing but a smile|clothes off|clothing removed|in the buff|in the altogether
birthday suit|private parts
bare breast|bare breasts|bare chested woman|exposed breast|exposed breasts|bare bottom|bare butt
bare ass|bare tits|oben ohne|ohne kleider|ohne kleidung|splitternackt|splitterfasernackt
sans vetements|seins nus|torse nu feminin|toute nue|tout nu|femme nue|homme nu|sin ropa|en cueros
senza vestiti|senza abiti|seno nudo|sem roupa|sem roupas|zonder kleren|bez ubran|bez odezhdy
без одежды|без одягу|uten klaer|utan klader|uden toj
""".replace("\n", "|").split("|")
#: What has such a word in it and means something else; taken out of the text first.
INNOCENT = """
nude lipstick|nude lip|nude lips|nude gloss|nude nail|nude nails|nude nail polish|nude heels
nude shoe|nude shoes|nude pumps|nude color|nude colour|nude colors|nude colours|nude colored
nude coloured|nude tone|nude tones|nude toned|nude shade|nude shades|nude palette|nude makeup
nude make up|nude eyeshadow|nude beige|nude tights|nude stockings|nude dress|nude bodysuit|nude silk
nude mouse|nude mice
naked eye|naked eyes|naked mole rat|naked mole rats|naked flame|naked flames|naked cake
naked truth|naked branch|naked branches|naked tree|naked trees|naked twigs|naked sword|naked blade
naked bike|naked motorcycle|naked lunch|naked gun|naked city|naked steel|naked bulb
naked light bulb|naked rock|naked rocks|naked cliff|naked cliffs|naked wood|naked walls
topless car|topless bus|topless jeep|bottomless pit|bottomless brunch|bottomless coffee
sex and the city|sex pistols|sex education|opposite sex|same sex|either sex|fair sex|fairer sex
sex appeal|both sexes|food porn|earth porn|car porn
pussy willow|pussy willows|pussy cat|pussy cats|pussy riot|pussy bow|pussy galore
grease nipple|nipple cactus|sexual orientation|sexual equality|sexual dimorphism|asexual
art nu|nue propriete|nuda veritas|nude mit tomaten
nackte tatsachen|nackter fels|nackte felsen|nackten felsen|nacktschnecke|nacktmull|nackte baume
nackte aste|tete nue|tetes nues|mains nues|pieds nus|a mains nues|a loeil nu|oeil nu
arbol desnudo|arboles desnudos|ramas desnudas|ojo desnudo|pies desnudos|occhio nudo|piedi nudi
albero nudo|alberi nudi|olho nu|голый череп|голые деревья|голые ветки
""".replace("\n", "|").split("|")
#: A minor, or one who may be: with any word above or below.
MINOR = """
child children childlike kid kids toddler* baby babies infant* newborn* minor minors underage
underaged preteen* tween tweens teen teens teenage* adolescent* juvenile* schoolgirl* schoolboy*
schoolchild* boy boys girl girls preschool* kindergartner* youngster* lolita*
kinder kindes kindlich* madchen junge jungen jugendlich* teenie* baby schulerin schuler
minderjahrig*
enfant enfants fillette* garconnet* fille filles garcon garcons adolescente* mineur*
nino nina ninos ninas menor menores chiquill* adolescentes muchach*
bambin* ragazzin* minorenn* fanciull* crianca* menina* menino* adolescente
meisje* jongen* kinderen tiener* dziecko dzieci dziewczynk* chlopiec nastolat* barnet flicka pojke
cocuk* ergen rebenok deti devochk* malchik* podrostok
ребенок ребенка дети детей девочк* мальчик* подросток подростк* школьниц* дитина дівчинк*
طفل طفلة اطفال قاصر बच्चा बच्ची बच्चे
""".split()
MINOR_PHRASES = """
ein kind|das kind|kleines kind|junges kind|nacktes kind|kind im|kind am|een kind|het kind|ett barn
et barn|kucuk kiz|under 18|under eighteen|high school student|middle school student|petit garcon
""".replace("\n", "|").split("|")
MINOR_WITHIN = """
儿童 兒童 小孩 孩子 女孩 男孩 幼女 少女 少年 未成年 子供 子ども 幼児 女児 男児 小学生 中学生 高校生
아이 어린이 소녀 소년 미성년 초등학생 เด็ก
""".split()
#: Drawn of adults; never with a minor.
SUGGESTIVE = """
sexy sexier seductive* sensual* sultry lingerie underwear panties bra thong bikini negligee
provocative* cleavage horny lewd kinky aroused flirty voluptuous busty intimate* slutty naughty
unterwasche reizwasche verfuhrerisch* sinnlich* dessous bh sous-vetements culotte seduisant*
lenceria seductor* sensual ropa-interior biancheria lingerie sensuale seducente calcinha lenceria
seksi pikant* сексапильн* белье бикини
""".split()
SUGGESTIVE_WITHIN = "性感 内衣 内裤 比基尼 下着 ビキニ セクシー 섹시 속옷 비키니".split()
#: Refused whatever stands beside them.
NEVER = """
loli lolis lolicon* shota shotas shotacon* jailbait pedo* paedo* pedophil* paedophil* cp-porn
childporn kinderporn* pedoporn* toddlercon
""".split()
NEVER_WITHIN = "ロリコン ショタコン 萝莉控 幼女裸 児童ポルノ 儿童色情 아동포르노".split()
