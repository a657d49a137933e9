"""The tables from which every front end builds its sampler controls (torch-free)."""

from __future__ import annotations

from dataclasses import dataclass

EVERYDAY, REPETITION, ADVANCED = "everyday", "repetition", "advanced"


@dataclass(frozen=True, slots=True)
class Knob:
    """One number a person can turn: its range, where it is off, and a sentence of help.

    For a number that only matters while another knob is on, ``off`` is what it starts at and
    ``needs`` names that other knob.
    """

    field: str
    label: str
    low: float
    high: float
    step: float
    off: float
    group: str
    help: str
    needs: str = ""

    @property
    def whole(self) -> bool:
        """Whether only whole numbers make sense."""
        return float(self.step).is_integer()


@dataclass(frozen=True, slots=True)
class Switch:
    """One thing that is on or off, off at first."""

    field: str
    label: str
    group: str
    help: str


@dataclass(frozen=True, slots=True)
class Words:
    """One setting made of text. ``kind``: ``text``, ``list`` of texts, or ``biases`` (text, nats)."""

    field: str
    label: str
    kind: str
    group: str
    help: str


KNOBS: tuple[Knob, ...] = (
    Knob("temperature", "Temperature", 0.0, 5.0, 0.01, 1.0, EVERYDAY,
         "Below 1 the likely words win more often, above 1 the unlikely ones get a chance; 0 always takes the likeliest."),
    Knob("top_k", "Top-k", 0, 1000, 1, 0, EVERYDAY,
         "Keeps only this many of the likeliest tokens; 0 keeps all."),
    Knob("top_p", "Top-p", 0.0, 1.0, 0.01, 1.0, EVERYDAY,
         "Keeps the likeliest tokens until together they reach this probability; 1 keeps all."),
    Knob("min_p", "Min-p", 0.0, 1.0, 0.005, 0.0, EVERYDAY,
         "Drops tokens less likely than this fraction of the likeliest one; 0 drops none."),
    Knob("repetition_penalty", "Repetition penalty", 1.0, 3.0, 0.01, 1.0, REPETITION,
         "Makes tokens that were already used less likely; 1 changes nothing."),
    Knob("repetition_range", "Repetition range", 0, 4096, 1, 0, REPETITION,
         "How many of the last tokens the penalties look at; 0 means the whole window."),
    Knob("repetition_slope", "Repetition slope", 0.0, 10.0, 0.05, 0.0, REPETITION,
         "Above 0 the newest tokens of the range are penalised most and the oldest least; 0 treats all alike. Needs a range.",
         "repetition_penalty"),
    Knob("presence_penalty", "Presence penalty", -2.0, 2.0, 0.05, 0.0, REPETITION,
         "Takes this much off the score of every token already used, once."),
    Knob("frequency_penalty", "Frequency penalty", -2.0, 2.0, 0.05, 0.0, REPETITION,
         "Takes this much off the score of a token for each time it was used."),
    Knob("no_repeat_ngram", "No repeated run", 0, 20, 1, 0, REPETITION,
         "Never writes a run of this many tokens that already stands in the text; 0 allows all."),
    Knob("dry_multiplier", "DRY strength", 0.0, 5.0, 0.05, 0.0, REPETITION,
         "Holds back a token that would continue a repeated passage, harder the longer the repeat; 0 is off, 0.8 is usual."),
    Knob("dry_base", "DRY growth", 1.0, 4.0, 0.05, 1.75, REPETITION,
         "How much harder DRY holds back for each further repeated token.", "dry_multiplier"),
    Knob("dry_allowed", "DRY allowed length", 1, 20, 1, 2, REPETITION,
         "Repeats shorter than this many tokens are free.", "dry_multiplier"),
    Knob("dry_range", "DRY range", 0, 4096, 1, 0, REPETITION,
         "How many of the last tokens DRY looks at; 0 means the whole window.", "dry_multiplier"),
    Knob("dynatemp_range", "Dynamic temperature", 0.0, 5.0, 0.01, 0.0, ADVANCED,
         "Lets the temperature move by this much either way: lower where the model is sure, higher where it wavers; 0 holds it still."),
    Knob("dynatemp_exponent", "Dynamic exponent", 0.01, 5.0, 0.01, 1.0, ADVANCED,
         "Above 1 the dynamic temperature stays low for longer, below 1 it rises sooner.", "dynatemp_range"),
    Knob("smoothing_factor", "Smoothing", 0.0, 10.0, 0.01, 0.0, ADVANCED,
         "Evens out the likeliest tokens and pushes the unlikely ones down; small values do most, 0 is off."),
    Knob("smoothing_curve", "Smoothing curve", 1.0, 10.0, 0.01, 1.0, ADVANCED,
         "Above 1 smoothing is gentler near the top and harsher further down.", "smoothing_factor"),
    Knob("typical_p", "Typical", 0.0, 1.0, 0.01, 1.0, ADVANCED,
         "Keeps tokens that are about as surprising as the model expects, up to this probability; 1 keeps all."),
    Knob("top_a", "Top-a", 0.0, 1.0, 0.01, 0.0, ADVANCED,
         "Drops tokens less likely than this times the square of the likeliest one's probability; 0 drops none."),
    Knob("tfs", "Tail-free", 0.0, 1.0, 0.01, 1.0, ADVANCED,
         "Cuts the tail off where the curve of probabilities flattens; 1 keeps all."),
    Knob("top_n_sigma", "Top-n-sigma", 0.0, 5.0, 0.05, 0.0, ADVANCED,
         "Keeps tokens whose score is within this many standard deviations of the best; works best as the first cut, 0 keeps all."),
    Knob("epsilon", "Epsilon cutoff", 0.0, 0.1, 0.0001, 0.0, ADVANCED,
         "Drops tokens with a smaller probability than this; 0 drops none."),
    Knob("eta", "Eta cutoff", 0.0, 0.1, 0.0001, 0.0, ADVANCED,
         "Like the epsilon cutoff, but drops less where the model wavers; 0 drops none."),
    Knob("xtc_probability", "XTC chance", 0.0, 1.0, 0.01, 0.0, ADVANCED,
         "How often the most obvious choices are struck out in favour of a good but less likely one; 0 never."),
    Knob("xtc_threshold", "XTC threshold", 0.0, 0.5, 0.01, 0.1, ADVANCED,
         "Tokens at least this likely count as obvious; the last of them always stays.", "xtc_probability"),
    Knob("mirostat", "Mirostat", 0, 2, 1, 0, ADVANCED,
         "Steers towards an even level of surprise in place of all the cuts: 1 and 2 are its two versions, 0 is off."),
    Knob("mirostat_tau", "Mirostat surprise", 0.0, 10.0, 0.1, 5.0, ADVANCED,
         "The surprise to hold, in bits for each token.", "mirostat"),
    Knob("mirostat_eta", "Mirostat rate", 0.0, 1.0, 0.01, 0.1, ADVANCED,
         "How quickly it corrects itself.", "mirostat"),
    Knob("adaptive_p", "Adaptive-p target", 0.0, 1.0, 0.01, 0.0, ADVANCED,
         "Prefers tokens of about this probability, and makes up for what was chosen before; wants min-p to cut the tail first, 0 is off."),
    Knob("adaptive_decay", "Adaptive-p memory", 0.0, 0.99, 0.01, 0.9, ADVANCED,
         "How long it remembers what was chosen.", "adaptive_p"),
    Knob("guidance", "Guidance", -0.5, 5.0, 0.05, 1.0, ADVANCED,
         "Above 1 the text moves away from the negative prompt; takes twice the work, 1 is off."),
)  # fmt: skip

SWITCHES: tuple[Switch, ...] = (
    Switch("repetition_raw", "Repetition as in KoboldAI", REPETITION,
           "Applies the repetition penalty to the model's raw scores, for presets that were made there; with GPT-2 even 1.2 is then almost a ban."),
)  # fmt: skip

WORDS: tuple[Words, ...] = (
    Words("dry_breakers", "DRY breakers", "list", REPETITION,
          "A repeat does not reach across these texts."),
    Words("banned", "Banned words and phrases", "list", EVERYDAY,
          "Whole words and phrases that are never written; capitals make no difference."),
    Words("logit_bias", "Word biases", "biases", ADVANCED,
          "Words and phrases to favour (above 0) or avoid (below 0)."),
    Words("negative_prompt", "Negative prompt", "text", ADVANCED,
          "What guidance moves away from; empty means the text without what came before it."),
)  # fmt: skip

# Penalties first and temperature after the cuts, as KoboldAI orders them; the user may reorder.
# Word biases and bans come before all of these, mirostat and adaptive-p after them.
STAGES = (
    "repetition", "presence", "frequency", "no_repeat_ngram", "dry",
    "top_n_sigma", "top_k", "top_a", "tfs", "typical", "top_p", "min_p", "epsilon", "eta",
    "temperature", "smoothing", "xtc",
)  # fmt: skip
