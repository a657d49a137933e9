"""The one kind of error a person is shown as a sentence."""

from __future__ import annotations


class KnownError(Exception):
    """Something the user can understand and act on; ``str()`` is a sentence in their words.

    Everything else that is raised is a bug and is shown as one.
    """
