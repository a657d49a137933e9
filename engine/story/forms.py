"""Memory, lore and note in the form a model was taught."""

from __future__ import annotations

import re

from engine.story.lorebook import Entry
from engine.story.profile import MAX_FORM, NAME_SLOT, SLOT, Profile
from engine.story.visible import shown

KOBOLD_SLOT = "<|>"  # in author's note templates of KoboldAI


def clean(text: str, profile: Profile) -> str:
    """What the model may read of a text that a person wrote beside the story."""
    return shown(text, ascii_only=profile.normalize == "ascii").strip()


def memory_form(text: str, profile: Profile) -> str:
    """The memory's lines in the window."""
    if profile.memory == SLOT:
        return "\n".join(line.rstrip() for line in text.split("\n")).strip()
    return _filled(profile.memory, text)


def note_form(text: str, template: str | None, profile: Profile) -> str:
    """The author's note's line in the window."""
    form = profile.note
    if template is not None and template.strip() and len(template) <= MAX_FORM:
        form = template.replace(KOBOLD_SLOT, SLOT)
        form = shown(form, ascii_only=profile.normalize == "ascii").strip()
        if SLOT not in form:
            form = f"{form} {SLOT}"
    return _filled(form, text)


def lore_form(entry: Entry, text: str, profile: Profile) -> str:
    """One entry without what joins it to others."""
    text = " ".join(text.split())
    # A text that begins like a sentence stands by itself; a list of facts takes all but whole ones.
    whole = text[:1].isupper() and (not profile.lore_open or text.endswith((".", "!", "?")))
    if profile.lore_open:
        text = text.rstrip(" .;") or text
    name = " ".join(clean(entry.name, profile).split())
    if name and not whole and not _names(text, name):
        return _filled(profile.lore_name.replace(NAME_SLOT, name), text)
    return _filled(profile.lore_item, text)


def _names(text: str, name: str) -> bool:
    """Whether a text speaks of ``name`` itself; "an old fan" does not speak of Fan."""
    return re.search(rf"(?<!\w){re.escape(name)}(?!\w)", text) is not None


def _filled(form: str, text: str) -> str:
    before, _, after = form.partition(SLOT)
    return f"{before}{' '.join(text.split())}{after}".strip() if text else ""
