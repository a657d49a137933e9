"""The words that reading a typed action needs: verbs, directions, persons, small words."""

from __future__ import annotations


def word_set(text: str) -> frozenset[str]:
    """The set of the words in ``text``."""
    return frozenset(text.split())


VERBS = word_set(
    """
    accept accuse ache act add admire admit advance agree aim allow announce answer apologize
    apply approach argue arrest arrive ask attach attack attempt avoid awaken back bake bandage
    bang bar bark bash bathe beat become beckon beep beg begin believe bellow bend bet bind bite
    blame bless block blow board boil bolt bounce bow braid brake breathe brew bribe bring brush
    build bump burn burst bury butt button buy call calm camp carry carve cast catch challenge
    change charge charm chase check cheer chew choose chop circle clap claw clean clear climb
    cling close collect comb combine comfort command compare complain confess confront consider
    consult continue convince cook copy cough count cover crack craft crawl creak creep croak
    cross crouch cry cuddle curse cut dance dare dash deal decide declare decline defend deliver
    demand deny descend describe destroy develop dial die dig dip disarm discard discover disguise
    dismount distract dive divide do dodge doff don double doubt douse doze drag draw dream dress
    drift drink drip drive drop drum dry duck dump dust eat embrace empty enchant enter equip
    escape examine exchange exit expect explain explore extinguish face fall fasten feed feel
    fetch fight fill find finish fire fish fit fix flap flatter flee fling flip flirt float flush
    fly fold follow forget forgive free freeze frown fumble gallop gather gaze get giggle give
    glance glare glue go grab grease greet grin groan growl grunt guard guess guide gulp hack hail
    hammer hand hang hate haul have head heal hear heat heave help hesitate hide hike hire hiss
    hit hold holler hook hop hope howl hug hum hunt hurl hurry ignite ignore imagine imitate
    inform inhale insert inspect insult interrogate interrupt introduce investigate invite join
    joke juggle jump keep kick kill kindle kiss kneel knit knock know land lash laugh launch lay
    lead lean leap learn leave lend let lick lie lift light like limp listen load lock look loosen
    loot love lower lunge lure make manage march mark marry measure meditate meet melt mend meow
    mine mix moan mock moo mop mount mourn move mow mumble murmur mutter nail nap need neigh
    nibble nod note notice nudge nuzzle obey object offer oil open oppose order oughta pace pack
    paddle paint pant parry pass pat pause pay peck peek peel peer perform persuade pet phone pick
    pinch place plan plant play plead plug plunge pocket point poke polish ponder pop pounce pound
    pour practice practise praise pray prepare press pretend promise prop propose protect prove
    provoke pry pull pump punch purr pursue push put puzzle quack quench question quit race radio
    raise ram rattle reach read realize rearrange reassure recall recite recognize recover reel
    refill refuse release relax reload remember remind remove repair repeat reply report request
    rescue rest retreat retrieve return reveal ride ring rip rise roar rob rock roll rope row rub
    ruffle run rush saddle sail salute save saw say scale scan scare scatter scoop scold scout
    scrape scratch scream screw scribble scrub seal search seat see seek seize sell send sense
    serve set sew shake share sharpen shave shelter shield shine shiver shoot shout shove show
    shrug shuffle shut sigh sign signal sing sink sip sit skate sketch ski skip slam slap slash
    slay sleep slice slide slip slow smack smash smell smile smoke sneak sneeze sniff snore
    snuggle soak sob solve soothe sort speak spill spin spit splash spray spread spring sprinkle
    sprint spy squeak squeeze squint stab stack stagger stamp stand stare start stay steady steal
    steer step stick stir stitch stomp stop stretch strike strip stroke stroll struggle study
    stuff stumble suck suggest summon support surrender swallow swap swear sweep swim swing switch
    tackle take talk tap taste taunt teach tear tease teleport tell tempt test thank thaw think
    threaten throw thrust thump tickle tidy tie tighten tilt tip tiptoe toast toss touch track
    trade train translate travel tread treat trick trip trust try tuck tug tumble tune turn twirl
    twist type unbolt understand undo undress unfold unhook unlock unpack unpin unroll unscrew
    unsheathe unstrap untangle untie unwrap unzip urge use vanish visit volunteer vomit vote vow
    wade wag wail wait wake walk wander want warm warn wash watch water wave weave wear weep weigh
    wet whack whimper whip whirl whisper whistle wield wiggle win wind wink wipe wish wonder work
    worry worship wound wrap wrestle wriggle write yank yawn yell don't can't won't cannot never
    """
)

AUXILIARIES = word_set(
    """
    is are was were has have had does did will would can could should must may might shall
    """
)

SPEECH_VERBS = word_set(
    """
    say ask tell shout yell scream whisper call answer reply mutter murmur mumble cry sing
    announce exclaim holler bellow growl hiss sigh think roar beg add repeat declare
    """
)

DIRECTIONS = {
    "n": "north",
    "s": "south",
    "e": "east",
    "w": "west",
    "ne": "northeast",
    "nw": "northwest",
    "se": "southeast",
    "sw": "southwest",
    "u": "up",
    "d": "down",
    "north": "north",
    "south": "south",
    "east": "east",
    "west": "west",
    "northeast": "northeast",
    "northwest": "northwest",
    "southeast": "southeast",
    "southwest": "southwest",
    "up": "up",
    "down": "down",
    "upstairs": "upstairs",
    "downstairs": "downstairs",
    "in": "in",
    "out": "out",
    "inside": "inside",
    "outside": "outside",
    "left": "left",
    "right": "right",
    "forward": "forward",
    "forwards": "forward",
    "ahead": "ahead",
    "back": "back",
    "home": "home",
    "away": "away",
}

# What may stand first in a clause that brings its own subject.
SUBJECTS = word_set(
    """
    the a an my your his her its our their this that these those there it he she we they someone
    somebody everyone everybody nobody something nothing everything another both each it's he's
    she's that's there's we're they're it'll he'll she'll we'll they'll
    """
)

QUESTIONS = word_set(
    """
    who what where when why how which whose is are was were am do does did can could should would
    will may might who's what's where's how's why's isn't aren't
    """
)

SUBORDINATORS = word_set(
    """
    after before when while with without if as because since until once at from during despite
    using instead although though suddenly finally meanwhile later slowly
    """
)

# Prepositions that say where one goes when they stand first: "into the cave".
PATHS = word_set(
    """
    to into through toward towards across along up down under behind over past onto inside
    """
)

PREPOSITIONS = (
    word_set(
        """
        with on in at from about for around against off out of beside between near by above below
        beneath after before
        """
    )
    | PATHS
)

DETERMINERS = word_set(
    """
    who what where when why how which whose if whether something anything somebody someone be
    the a an my your his her its our their this that these those some any every each all both no
    one two three four five six seven eight nine ten another more me you him them us it myself
    yourself himself herself itself themselves i mine yours hers theirs and or but not then
    """
)

# Objects that take no article in a terse command: "go to bed", "take care", "eat breakfast".
BARE_OBJECTS = word_set(
    """
    everything everyone everybody anything anyone something someone nothing nobody here there home
    breakfast lunch dinner supper care note notes part place aim cover hold hands turns time
    courage heart god dad mom mum mother father grandma grandpa again away together first back
    forward straight closely hard more around about still tight free closer anyway very front class backstage tiptoe yesterday today
        tomorrow fish nearby inventory stock shelter refuge steps
    silently quietly fast open shut close
    """
) | frozenset(DIRECTIONS)

# ... and after "to" and "in" alone: "go to bed", but "look under the bed".
PLACES = word_set(
    """
    bed sleep school work town church court jail prison sea
    """
)

# What one has some of: "fill the bucket with water".
MASSES = word_set(
    """
    water sand gold silver food bread money snow milk wood oil wine soup stone magic honey salt ice
    """
)

# Persons one can name without knowing them: "talk to guard" is "talk to the guard", "talk to bob" is not.
PERSONS = word_set(
    """
    man woman boy girl child guard king queen prince princess knight captain wizard witch dragon
    goblin troll ogre giant elf dwarf fairy ghost robot monster bear wolf fox cat dog horse donkey
    cow pig hen goose duck bird crow owl parrot frog mouse rat snake spider lion tiger monkey
    whale fish merchant shopkeeper innkeeper bartender baker cook farmer fisherman hunter sailor
    pirate thief bandit soldier sheriff deputy officer policeman detective doctor nurse priest
    monk teacher student stranger traveler villager mayor judge lawyer driver pilot engineer
    computer clerk waiter maid butler servant lord lady duke baron smith blacksmith miller tailor
    carpenter beggar gardener ferryman boatman innkeep landlord landlady keeper warden prisoner
    owner crowd people voice figure creature beast statue mermaid demon devil angel skeleton
    zombie vampire alien android crew porter conductor passenger jailer gatekeeper messenger clown
    """
)

# Verbs of classic commands that take an object at once: "get lamp".
TRANSITIVE = word_set(
    """
    trade swap combine get take grab drop open close shut examine inspect read attack kill fight hit kick push pull
    press light extinguish unlock lock enter use eat drink wear remove throw climb search give
    show put place insert pick ride touch smell taste feel break smash cut tie untie burn fill
    empty pour buy sell steal move lift wash clean ring shoot stab approach board cross leave exit
    equip wield unwrap carry collect study watch catch chase rub shake slap punch explore
    knock
    """
)

# Verbs that need a preposition before their object, or a person after them.
INTRANSITIVE = word_set(
    """
    go walk run look listen hide sit stand swim point turn switch blow jump crawl sneak climb fly
    head travel return talk speak knock lean peek peer crouch lie sleep shout wave smile bow
    """
)
TO_PERSONS = word_set(
    """
    talk speak ask tell greet thank hug kiss marry follow help trust pet feed free
    """
)

# Commands that speak to somebody when "me" follows: "give me the key".
PLEAS = word_set(
    """
    give tell show bring hand help follow leave lend teach forgive trust believe throw pass take
    let call answer listen
    """
)

GREETINGS = word_set(
    """
    hello hi hey yes no yep nope yeah aye thanks bye goodbye sorry please welcome farewell okay ok
    sure maybe perhaps ahoy greetings cheers amen halt
    """
)

# What only speech begins with, however it goes on.
EXCLAMATIONS = word_set(
    """
    hello hi hey yes yep yeah nope no thanks sorry goodbye bye greetings um uh hmm ah oh wow ouch aha
    """
)


def base_verb(word: str) -> str | None:
    """The verb that ``word`` (lower case, as in "he opens") is the third person of, if it is one."""
    if not word.endswith("s") or word.endswith("ss") or word in VERBS:
        return None
    for stem in (word[:-1], word[:-2] if word.endswith("es") else "", word[:-3] + "y"):
        if stem in VERBS:
            return stem
    return {"has": "have", "is": "are"}.get(word)


def is_gerund(word: str) -> bool:
    """Whether ``word`` (lower case) is the -ing form of a known verb."""
    if not word.endswith("ing") or word in VERBS or len(word) < 5:
        return False
    stem = word[:-3]
    doubled = len(stem) > 2 and stem[-1] == stem[-2]
    return stem in VERBS or stem + "e" in VERBS or (doubled and stem[:-1] in VERBS)
