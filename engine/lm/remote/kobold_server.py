"""Talking with KoboldCpp or KoboldAI by KoboldAI's own API."""

from __future__ import annotations

import asyncio
import secrets
from collections.abc import AsyncGenerator
from typing import Any

import httpx2
import openai

from engine.lm.remote.answers import as_list, as_text, as_whole, ids_of
from engine.lm.remote.keys import Secret
from engine.lm.remote.openai_server import NO_KEY
from engine.lm.remote.sampler_names import DIALECTS, translate
from engine.lm.remote.servers import Kind, Server
from engine.lm.remote.speaker import Ask, Chunk, Facts, Piece, made_up_id

ABORT_SECONDS = 2.0


class KoboldServer:
    """One server that speaks ``/api/v1/generate``; it writes one candidate at a time."""

    def __init__(
        self, server: Server, secret: Secret | None, client: httpx2.AsyncClient, facts: Facts
    ) -> None:
        self._server = server
        self._facts = facts
        # The same client as for OpenAI's form: one way to read streams and to word faults.
        self._client = openai.AsyncOpenAI(
            base_url=server.root,
            api_key=secret.reveal() if secret else NO_KEY,
            max_retries=0,
            timeout=client.timeout,
            http_client=client,
        )

    async def describe(self) -> Facts:
        """Its model and window; only KoboldCpp has a version, streams and counts tokens."""
        model = as_text(_field(await self._get("/api/v1/model"), "result"))
        version = as_text(_field(await self._perhaps("/api/extra/version"), "version"))
        n_ctx = as_whole(_field(await self._perhaps("/api/extra/true_max_context_length"), "value"))
        if not n_ctx:
            window = await self._perhaps("/api/v1/config/max_context_length")
            n_ctx = as_whole(_field(window, "value"))
        models = (model,) if model else ()
        self._facts = Facts(Kind.KOBOLD, model, models, n_ctx, bool(version), version)
        return self._facts

    async def _get(self, path: str) -> Any:
        return await self._client.get(self._server.root + path, cast_to=object)

    async def _perhaps(self, path: str) -> Any:
        try:
            return await self._get(path)
        except Exception:  # noqa: BLE001  whatever it is: it offers no such thing
            return None

    async def write(self, ask: Ask) -> AsyncGenerator[Chunk, None]:
        """The candidates one after another."""
        for index in range(len(ask.rows)):
            one = ask.alone(index)
            work = self._stream(one) if self._facts.version else self._whole(one)
            try:
                async for chunk in work:
                    yield chunk
            finally:
                await work.aclose()

    async def _stream(self, ask: Ask) -> AsyncGenerator[Chunk, None]:
        key = "BL" + secrets.token_hex(4)
        over = False
        stream: openai.AsyncStream[object] | None = None
        try:
            stream = await self._client.post(
                f"{self._server.root}/api/extra/generate/stream",
                body=self._body(ask) | {"genkey": key},
                cast_to=object,
                stream=True,
                stream_cls=openai.AsyncStream[object],
            )
            async for message in stream:
                finish = as_text(_field(message, "finish_reason"))
                finish = "" if finish == "null" else finish
                text = as_text(_field(message, "token"))
                over = over or bool(finish)
                yield Chunk(ask.rows[0], (Piece(text, made_up_id(text)),) if text else (), finish)
            if not over:  # older versions only close the stream
                over = True
                yield Chunk(ask.rows[0], (), "end")
        finally:
            if stream is not None:
                await stream.close()
            if not over:
                await self._abort(key)

    async def _abort(self, key: str) -> None:
        """Tell it that nobody listens: it would go on writing to the end."""
        abort = self._client.post(
            f"{self._server.root}/api/extra/abort", body={"genkey": key}, cast_to=object
        )
        try:
            await asyncio.wait_for(abort, ABORT_SECONDS)
        except Exception:  # noqa: BLE001  it may be gone
            return

    async def _whole(self, ask: Ask) -> AsyncGenerator[Chunk, None]:
        """All of a candidate at once: KoboldAI itself does not stream."""
        answer = await self._client.post(
            f"{self._server.root}/api/v1/generate", body=self._body(ask), cast_to=object
        )
        results = as_list(answer, "results")
        text = as_text(results[0].get("text")) if results else ""
        pieces = tuple(Piece(word, made_up_id(word)) for word in _words(text))
        yield Chunk(
            ask.rows[0],
            pieces,
            as_text(results[0].get("finish_reason")) or "end" if results else "",
        )

    def _body(self, ask: Ask) -> dict[str, Any]:
        return {
            "prompt": ask.prompt,
            "max_length": ask.max_tokens,
            "max_context_length": self._facts.n_ctx,
            "sampler_seed": ask.seeds[0] or 1,  # 0 would be a seed of its own choice
            "stop_sequence": list(ask.stop[: DIALECTS[Kind.KOBOLD].stops]),
            "trim_stop": True,
            "quiet": True,  # the story is not printed on the server's console
            "n": 1,
            **translate(ask.samplings[0], Kind.KOBOLD, self._facts.n_ctx),
        }

    async def tokenize(self, text: str) -> tuple[int, ...]:
        """The ids of a text."""
        url = f"{self._server.root}/api/extra/tokencount"
        body = {"prompt": text, "special": False}
        return ids_of(await self._client.post(url, body=body, cast_to=object), "ids")


def _field(answer: object, key: str) -> object:
    return answer.get(key) if isinstance(answer, dict) else None


def _words(text: str) -> list[str]:
    """A text as words with the white space before them: about what tokens are."""
    words: list[str] = []
    start = 0
    for at in range(1, len(text)):
        if text[at].isspace() and not text[at - 1].isspace():
            words.append(text[start:at])
            start = at
    return [*words, text[start:]] if text else []
