"""Which lore entries fire for the next turn, and why: a function of the branch and the entries."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from hashlib import blake2b

from engine.story.lines import ActionLines
from engine.story.lore_keys import BadKeyError, KeyFinder, Match, Texts
from engine.story.lorebook import Entry, Logic, LoreSettings
from engine.story.node import Kind, Node
from engine.story.scan import paragraphs_before

TURN_PARAGRAPHS = 2  # an action and a reply: how far a turn pushes what was said before


@dataclass(frozen=True, slots=True)
class Decision:
    """Whether an entry fires, and the reason in words.

    ``place`` counts paragraphs from the end (1 is the last), 0 where no key decided. ``leaving``
    says that the next turn is likely to silence it. ``warning`` names a key that cannot be used.
    """

    entry: Entry
    fires: bool
    reason: str
    key: str = ""
    place: int = 0
    leaving: bool = False
    warning: str = ""


@dataclass(slots=True)
class _Scan:
    """The state of one search."""

    finder: KeyFinder
    settings: LoreSettings
    branch: Sequence[Node]
    replies: Sequence[int]  # where in the branch they are
    texts: Texts
    lines: ActionLines
    earlier: dict[tuple[int, int], Texts]  # (turn, depth): what was searched then

    @property
    def turn(self) -> int:
        """How many replies there are."""
        return len(self.replies)


def decide(
    entries: Sequence[Entry],
    settings: LoreSettings,
    branch: Sequence[Node],
    finder: KeyFinder,
    lines: ActionLines,
) -> list[Decision]:
    """One decision per entry, in the order of ``entries``.

    Draws depend on the story's seed, the entry and the number of the turn alone, so that a retry
    sees the same lore.
    """
    if not entries:
        return []
    finder.start()
    usable = [entry for entry in entries if not _off(entry, settings)]
    deepest = max((_depth(entry, settings) for entry in usable if not entry.constant), default=0)
    texts = Texts(paragraphs_before(branch, len(branch), deepest, lines))
    replies = [index for index, node in enumerate(branch) if node.kind is Kind.REPLY]
    scan = _Scan(finder, settings, branch, replies, texts, lines, {})
    decisions = {id(entry): _first_look(entry, scan) for entry in entries}
    _recurse(decisions, scan)
    _groups(decisions, scan)
    return [decisions[id(entry)] for entry in entries]


def _off(entry: Entry, settings: LoreSettings) -> str:
    """Why an entry is not considered at all, or ""."""
    if not entry.enabled:
        return "switched off"
    folder = entry.folder
    for off in settings.folders_off:
        if off and (folder == off or folder.startswith(off + "/")):
            return f"its folder, {off}, is switched off"
    if not entry.text.strip():
        return "it has no text"
    if not entry.constant and not any(key.strip() for key in entry.keys):
        return "it has no key"
    return ""


def _depth(entry: Entry, settings: LoreSettings) -> int:
    return settings.scan_depth if entry.scan_depth is None else entry.scan_depth


def _first_look(entry: Entry, scan: _Scan) -> Decision:
    """The decision before other entries come into it."""
    off = _off(entry, scan.settings)
    if off:
        return Decision(entry, fires=False, reason=off)
    if scan.turn < entry.delay:
        return Decision(
            entry, fires=False, reason=f"waits until turn {entry.delay}; this is turn {scan.turn}"
        )
    if not entry.constant and (entry.sticky or entry.cooldown):
        held = _timed(entry, scan)
        if held is not None:
            return held
    if entry.constant:
        found = Decision(entry, fires=True, reason="always on")
    else:
        found = _match(entry, scan, scan.texts)
    return _drawn(found, scan.settings.seed, scan.turn)


def _match(entry: Entry, scan: _Scan, texts: Texts) -> Decision:
    """Whether the keys of an entry are in the texts."""
    depth = _depth(entry, scan.settings)
    hit, bad = _search(entry, entry.keys, scan.finder, texts, depth)
    if hit is None:
        where = "the last paragraph" if depth == 1 else f"the last {depth} paragraphs"
        reason = bad or f"none of its keys is in {where}"
        return Decision(entry, fires=False, reason=reason, warning=bad)
    reason = f'key "{hit.key}" in {_place(hit.place + 1)}'
    leaving = hit.place + 1 + TURN_PARAGRAPHS > depth
    ok, why = _secondary(entry, scan.finder, texts, depth)
    reason += f", {why}" if ok and why else "" if ok else f", but {why}"
    place = hit.place + 1
    return Decision(entry, ok, reason, hit.key, place, leaving=ok and leaving, warning=bad)


def _search(
    entry: Entry, keys: Sequence[str], finder: KeyFinder, texts: Texts, depth: int
) -> tuple[Match | None, str]:
    """The newest match of any key, and a sentence about a key that could not be used."""
    best: Match | None = None
    bad = ""
    for key in keys:
        try:
            hit = finder.find(
                key, texts, depth, whole_word=entry.whole_word, match_case=entry.match_case
            )
        except BadKeyError as error:
            bad = f"the key {key[:60]} {error}"
            continue
        if hit is not None and (best is None or hit.place < best.place):
            best = hit
    return best, bad


def _secondary(entry: Entry, finder: KeyFinder, texts: Texts, depth: int) -> tuple[bool, str]:
    """What the secondary keys say: (whether it may fire, why)."""
    keys = [key for key in entry.secondary if key.strip()]
    if not keys:
        return True, ""
    found = [key for key in keys if _search(entry, (key,), finder, texts, depth)[0] is not None]
    missing = [key for key in keys if key not in found]
    if entry.logic is Logic.AND_ANY:
        return bool(found), f'with "{found[0]}"' if found else "no secondary key is there"
    if entry.logic is Logic.AND_ALL:
        ok = not missing
        return ok, "with all secondary keys" if ok else f'"{missing[0]}" is missing'
    if entry.logic is Logic.NOT_ANY:
        return not found, f'"{found[0]}" is there too' if found else "without any secondary key"
    ok = bool(missing)
    return ok, f'without "{missing[0]}"' if ok else "all secondary keys are there too"


def _place(place: int) -> str:
    return "the last paragraph" if place == 1 else f"paragraph {place} from the end"


# -- Draws and time


def draw(seed: int, name: str, turn: int) -> float:
    """A number from 0 to below 100 that depends on its arguments alone."""
    digest = blake2b(f"{seed}:{turn}:{name}".encode("utf-8", "replace"), digest_size=8).digest()
    return int.from_bytes(digest, "big") / 2**64 * 100


def _drawn(decision: Decision, seed: int, turn: int) -> Decision:
    """The decision after the draw for its probability."""
    entry = decision.entry
    if not decision.fires or draw(seed, entry.id, turn) < entry.probability:
        return decision
    return replace(
        decision,
        fires=False,
        reason=f"{decision.reason}, but the draw ({entry.probability:g} %) was lost",
    )


def _timed(entry: Entry, scan: _Scan) -> Decision | None:
    """What earlier turns say about an entry with stickiness or cooldown; None: they are silent.

    The past is played again from a turn that stays the same for many turns, so that nothing has to
    be stored and every branch has its own.
    """
    span = 64
    while span < 2 * (entry.sticky + entry.cooldown):
        span *= 2
    start = max(0, (scan.turn // span - 1) * span)
    depth = _depth(entry, scan.settings)
    sticky_until = rested_at = 0  # turns
    for turn in range(max(start, entry.delay), scan.turn):
        if turn < sticky_until or turn < rested_at:
            continue
        texts = scan.earlier.get((turn, depth))
        if texts is None:
            paragraphs = paragraphs_before(scan.branch, scan.replies[turn], depth, scan.lines)
            texts = scan.earlier[turn, depth] = Texts(paragraphs)
        then = _drawn(_match(entry, scan, texts), scan.settings.seed, turn)
        if then.fires:
            sticky_until = turn + 1 + entry.sticky
            rested_at = sticky_until + entry.cooldown
    if scan.turn < sticky_until:
        left = sticky_until - scan.turn
        words = "this turn" if left == 1 else f"{left} more turns"
        return Decision(
            entry, fires=True, reason=f"stays for {words} after it fired", leaving=left == 1
        )
    if scan.turn < rested_at:
        left = rested_at - scan.turn
        words = "this turn" if left == 1 else f"{left} more turns"
        return Decision(entry, fires=False, reason=f"rests for {words} after it fired")
    return None


# -- Entries that depend on each other


def _recurse(decisions: dict[int, Decision], scan: _Scan) -> None:
    """Let the texts of entries that fired fire others, at most ``recursion`` times over."""
    searched: set[int] = set()
    for _ in range(scan.settings.recursion):
        sources = [
            one for key, one in decisions.items()
            if one.fires and one.entry.recursive and key not in searched
        ]  # fmt: skip
        waiting = [
            one for one in decisions.values()
            if not one.fires and not one.key and one.entry.recursable and _may_still_fire(one, scan)
        ]  # fmt: skip
        if not sources or not waiting:
            return
        searched.update(id(one.entry) for one in sources)
        texts = Texts([one.entry.text for one in sources])
        for one in waiting:
            entry = one.entry
            hit, _ = _search(entry, entry.keys, scan.finder, texts, len(sources))
            if hit is None or not _secondary(entry, scan.finder, texts, len(sources))[0]:
                continue
            source = sources[hit.place]
            name = source.entry.name or source.entry.id
            fired = Decision(
                entry, fires=True, reason=f'key "{hit.key}" in the lore entry {name}', key=hit.key,
                leaving=source.leaving,
            )  # fmt: skip
            decisions[id(entry)] = _drawn(fired, scan.settings.seed, scan.turn)


def _may_still_fire(decision: Decision, scan: _Scan) -> bool:
    entry = decision.entry
    return (
        not _off(entry, scan.settings)
        and scan.turn >= entry.delay
        and not entry.constant
        and not decision.reason.startswith("rests")
    )


def _groups(decisions: dict[int, Decision], scan: _Scan) -> None:
    """Of each group let one entry fire: one that stays, else one drawn by weight."""
    groups: dict[str, list[Decision]] = {}
    for one in decisions.values():
        if one.fires and one.entry.group:
            groups.setdefault(one.entry.group, []).append(one)
    for name, members in groups.items():
        if len(members) < 2:
            continue
        winner = next((one for one in members if one.reason.startswith("stays")), None)
        winner = winner or _weighted(members, name, scan)
        for one in members:
            if one is not winner:
                chosen = winner.entry.name or winner.entry.id
                decisions[id(one.entry)] = replace(
                    one, fires=False, leaving=False,
                    reason=f"{one.reason}, but {chosen} was drawn from the group {name}",
                )  # fmt: skip


def _weighted(members: list[Decision], name: str, scan: _Scan) -> Decision:
    """A member drawn by weight, the same at every retry of the turn."""
    total = sum(one.entry.weight for one in members)
    if total <= 0:
        return members[0]
    at = draw(scan.settings.seed, f"group {name}", scan.turn) / 100 * total
    for one in members:
        at -= one.entry.weight
        if at < 0:
            return one
    return members[-1]
