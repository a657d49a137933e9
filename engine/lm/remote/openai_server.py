"""Talking with an OpenAI-compatible server through the ``openai`` client's completions."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncGenerator
from typing import Any

import httpx2
import openai

from engine.lm.remote.answers import (
    as_list,
    as_text,
    as_whole,
    completion_chunks,
    ids_of,
    model_names,
    window_of,
)
from engine.lm.remote.keys import Secret
from engine.lm.remote.sampler_names import DIALECTS, translate
from engine.lm.remote.servers import Kind, Server
from engine.lm.remote.speaker import Ask, Chunk, Facts

NO_KEY = "none"  # the client insists on one; servers without keys ignore it


class OpenAIServer:
    """One server that speaks ``/v1/completions``."""

    def __init__(
        self, server: Server, secret: Secret | None, client: httpx2.AsyncClient, facts: Facts
    ) -> None:
        self._server = server
        self._facts = facts
        self._tells = True  # log-probabilities, as far as is known
        self._client = openai.AsyncOpenAI(
            base_url=server.openai_url,
            api_key=secret.reveal() if secret else NO_KEY,
            max_retries=0,  # retries are ours: none once a word was written
            timeout=client.timeout,
            http_client=client,
        )

    async def describe(self) -> Facts:
        """Its models, its window, and which program it is, from what each of them offers."""
        listed = await self.get(f"{self._server.openai_url}/models")
        models = model_names(listed)
        model = self._server.model or (models[0] if models else "")
        kind = self._server.kind
        if kind is Kind.AUTO:
            kind = _kind_of(listed)
        n_ctx, tokenizes = window_of(listed, model), kind is Kind.VLLM
        if kind in {Kind.LLAMACPP, Kind.OPENAI}:
            props = await self._perhaps(f"{self._server.root}/props")
            if isinstance(props, dict) and "default_generation_settings" in props:
                kind = Kind.LLAMACPP
                n_ctx = n_ctx_of_props(props) or n_ctx
                tokenizes = True
        if kind is Kind.LLAMA_PYTHON:
            tokenizes = True
        self._facts = Facts(kind, model, models, n_ctx, tokenizes)
        return self._facts

    async def get(self, url: str) -> Any:
        """The JSON at an address; raises the client's own errors."""
        return await self._client.get(url, cast_to=object)

    async def _perhaps(self, url: str) -> Any:
        """The JSON at an address that not every server has; None where there is none."""
        try:
            return await self.get(url)
        except Exception:  # noqa: BLE001  whatever it is: it offers no such thing
            return None

    async def write(self, ask: Ask) -> AsyncGenerator[Chunk, None]:
        """One request with ``n``, or one for each row where the server has no ``n``."""
        first = ask.samplings[0]
        alike = all(settings == first for settings in ask.samplings) and not first.greedy
        dialect = DIALECTS[self._facts.kind]
        if len(ask.rows) == 1 or (dialect.many and alike):
            work = self._one(ask)
        else:
            parts = [self._one(ask.alone(n)) for n in range(len(ask.rows))]
            work = one_by_one(parts) if dialect.alone else side_by_side(parts)
        try:
            async for chunk in work:
                yield chunk
        finally:
            await work.aclose()

    async def _one(self, ask: Ask) -> AsyncGenerator[Chunk, None]:
        create = self._client.completions.with_raw_response.create
        arguments = self._arguments(ask)
        try:
            raw = await create(**arguments)
        except openai.APIStatusError as error:
            if "logprobs" not in arguments or "logprob" not in str(error.body).lower():
                raise
            self._tells = False  # it has no log-probabilities: ask without from now on
            raw = await create(**self._arguments(ask))
        stream = raw.parse(to=openai.AsyncStream[object])
        try:
            async for message in stream:
                for chunk in completion_chunks(message, ask.rows):
                    yield chunk
        finally:
            await stream.close()

    def _arguments(self, ask: Ask) -> dict[str, Any]:
        """The request in the server's own names."""
        kind = self._facts.kind
        dialect = DIALECTS[kind]
        extra = translate(ask.samplings[0], kind, self._facts.n_ctx)
        if kind is Kind.VLLM:
            extra["return_token_ids"] = True
            extra["add_special_tokens"] = not ask.prompt.startswith("<|")
        elif kind is Kind.LLAMACPP:
            extra["cache_prompt"] = True
            extra["return_tokens"] = True
        arguments: dict[str, Any] = {
            "model": self._facts.model,
            "prompt": ask.prompt,
            "max_tokens": ask.max_tokens,
            "seed": ask.seeds[0],
            "stream": True,
            "extra_body": extra,
        }
        if ask.stop:
            arguments["stop"] = list(ask.stop[: dialect.stops])
        if len(ask.rows) > 1:
            arguments["n"] = len(ask.rows)
        if dialect.alternatives and self._tells:
            arguments["logprobs"] = min(max(ask.top, 1), dialect.alternatives)
        return arguments

    async def tokenize(self, text: str) -> tuple[int, ...]:
        """The ids of a text, by the address that this kind of server has for it."""
        root = self._server.root
        body: dict[str, Any]
        match self._facts.kind:
            case Kind.VLLM:
                url = f"{root}/tokenize"
                body = {"model": self._facts.model, "prompt": text, "add_special_tokens": False}
            case Kind.LLAMA_PYTHON:
                url, body = f"{root}/extras/tokenize", {"input": text}
            case _:
                url, body = f"{root}/tokenize", {"content": text, "add_special": False}
        return ids_of(await self._client.post(url, body=body, cast_to=object), "tokens")


async def one_by_one(sources: list[AsyncGenerator[Chunk, None]]) -> AsyncGenerator[Chunk, None]:
    """Chunks of several streams, each begun when the one before it is over."""
    for source in sources:
        try:
            async for chunk in source:
                yield chunk
        finally:
            await source.aclose()


async def side_by_side(sources: list[AsyncGenerator[Chunk, None]]) -> AsyncGenerator[Chunk, None]:
    """Chunks of several streams as they come; the first fault ends all of them."""
    box: asyncio.Queue[Chunk | Exception | None] = asyncio.Queue(maxsize=256)

    async def pump(source: AsyncGenerator[Chunk, None]) -> None:
        try:
            async for chunk in source:
                await box.put(chunk)
        except Exception as error:  # noqa: BLE001  raised below
            await box.put(error)
        else:
            await box.put(None)
        finally:
            await source.aclose()

    tasks = [asyncio.ensure_future(pump(source)) for source in sources]
    try:
        left = len(tasks)
        while left:
            item = await box.get()
            if isinstance(item, Exception):
                raise item
            if item is None:
                left -= 1
            else:
                yield item
    finally:
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)


def n_ctx_of_props(props: dict[str, Any]) -> int:
    """The window in llama.cpp's ``/props``."""
    settings = props.get("default_generation_settings")
    return as_whole(settings.get("n_ctx")) if isinstance(settings, dict) else 0


def _kind_of(listed: Any) -> Kind:
    """Which program made a list of models."""
    owners = {as_text(m.get("owned_by")).lower() for m in as_list(listed, "data")}
    if "vllm" in owners:
        return Kind.VLLM
    if "llamacpp" in owners:
        return Kind.LLAMACPP
    if "me" in owners:  # what llama-cpp-python's server calls itself
        return Kind.LLAMA_PYTHON
    return Kind.OPENAI
