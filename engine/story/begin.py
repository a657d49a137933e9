"""The first passage: what a story takes over from its scenario."""

from __future__ import annotations

from engine.story.node import Kind, Node
from engine.story.scenario import Scenario
from engine.story.tree import Story


def begin(story: Story, scenario: Scenario) -> Node | None:
    """Put a filled scenario into an empty story as one verb; its opening, if it has one."""
    with story.verb("begin"):
        story.set("title", scenario.title)
        for key, text in (("memory", scenario.memory), ("note", scenario.note)):
            if text:
                story.set(key, text)
        settings = {"kind": str(scenario.kind), **scenario.settings}
        if scenario.name:
            settings["scenario"] = scenario.name
        story.set("settings", settings)
        for entry in scenario.lore:
            story.put_lore({**entry, "keys": list(entry["keys"])})
        if scenario.blank:
            return None
        return story.append(Kind.OPENING, scenario.opening.strip())
