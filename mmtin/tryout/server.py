"""The page and what it asks for: a video comes in, its trial goes out; one is predicted at a time."""

import asyncio
import secrets
import socket
import threading
import traceback
from collections import OrderedDict
from collections.abc import AsyncIterator, Callable, Mapping
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from pathlib import Path

import av
import uvicorn
from starlette.applications import Starlette
from starlette.concurrency import run_in_threadpool
from starlette.exceptions import HTTPException
from starlette.middleware import Middleware
from starlette.middleware.trustedhost import TrustedHostMiddleware
from starlette.requests import ClientDisconnect, Request
from starlette.responses import FileResponse, HTMLResponse, JSONResponse, Response, StreamingResponse
from starlette.routing import Route

from mmtin.datasets.video.suffixes import SUFFIXES
from mmtin.errors import UserError
from mmtin.files.strict_json import to_json
from mmtin.interlacing.record import farthest_layer
from mmtin.interlacing.strip import InterlacedClip
from mmtin.pages.html import templates
from mmtin.prediction import Fault, write_annotated_video
from mmtin.tryout.figures import class_colour, course_svg, layer_svg, record_svgs
from mmtin.tryout.trial import Network, Trial

_LOCAL = ('127.0.0.1', '::1', 'localhost')
_KEPT = 50  # trials of which another layer can be drawn
_MEGABYTE = 1_000_000
_BEAT = 0.3  # seconds between two words on how far a video is
_GONE = 499  # nobody reads this answer


def listen(host: str, port: int) -> socket.socket:
    """A socket at an address; port 0 takes one that is free.

    Raises:
        UserError: if that is not possible.
    """
    family = socket.AF_INET6 if ':' in host else socket.AF_INET
    try:
        return socket.create_server((host, port), family=family)
    except OSError as error:
        reason = (error.strerror or str(error)).partition(' (while')[0]  # without the address again
        raise UserError(
            f'cannot listen on port {port} of {host} ({reason}); name another with --port, or --host'
        ) from error


def is_local(host: str) -> bool:
    """Whether only this machine reaches an address to listen on."""
    return host in _LOCAL


def serve(network: Network, listener: socket.socket, local: bool, folder: Path, max_size: float) -> None:
    """Serve the page until Ctrl-C.

    Args:
        network: to try.
        listener: from :func:`listen`.
        local: whether it answers to no name but this machine's own.
        folder: for the videos while they are predicted, and for previews.
        max_size: of a video, megabytes.
    """
    app = make_app(network, local, folder, max_size)
    config = uvicorn.Config(
        app, log_level='warning', access_log=False, lifespan='off', timeout_graceful_shutdown=5
    )
    server = uvicorn.Server(config)
    app.state.ends = lambda: server.should_exit
    server.run(sockets=[listener])


def make_app(network: Network, local: bool, folder: Path, max_size: float) -> Starlette:
    """The page as an application; arguments as those of :func:`serve`.

    Its ``state.ends`` is asked whether the server ends, so that answers under way do.
    """
    pages = _Pages(network, local, folder, max_size)
    # Another site in the same browser could else give its name this machine's address, and ask here.
    # Of an IPv6 address some versions of Starlette compare the first bracket alone.
    hosts = [*_LOCAL, '[::1]', '['] if local else ['*']
    app = Starlette(
        routes=[
            Route('/', pages.page),
            Route('/videos', pages.try_video, methods=['PUT']),
            Route('/videos/{key}/preview.mp4', pages.preview),
            Route('/videos/{key}/layers/{layer}', pages.layer),
        ],
        middleware=[Middleware(TrustedHostMiddleware, allowed_hosts=hosts)],
        exception_handlers={HTTPException: _refuse},
    )
    app.state.ends = lambda: False
    return app


async def _refuse(request: Request, error: Exception) -> Response:
    assert isinstance(error, HTTPException)
    return JSONResponse(dict(error=error.detail), error.status_code)


@dataclass(frozen=True)
class _Job:
    """A video that came in."""

    key: str
    name: str
    video: Path
    preview: Path
    needs_preview: bool
    done: list[float] = field(default_factory=list)
    gone: threading.Event = field(default_factory=threading.Event)

    def step(self, done: float) -> None:
        """Note the share that is done, and stop if nobody waits for the answer any more."""
        self.done.append(done)
        if self.gone.is_set():
            raise ClientDisconnect


@dataclass(frozen=True)
class _Kept:
    """What stays of a trial."""

    clips: Mapping[str, InterlacedClip]
    preview: Path


class _Pages:
    def __init__(self, network: Network, local: bool, folder: Path, max_size: float) -> None:
        self._network, self._folder, self._max_size = network, folder, max_size
        page = templates('mmtin.tryout').get_template('page.html')
        settings = dict(max_size=max_size * _MEGABYTE, max_length=network.options.max_length)
        self._page = page.render(network=network, local=local, settings=settings, suffixes=sorted(SUFFIXES))
        self._kept: OrderedDict[str, _Kept] = OrderedDict()
        self._worker = ThreadPoolExecutor(1)  # one video at a time, in the order in which they came

    async def page(self, request: Request) -> Response:
        return HTMLResponse(self._page)

    async def try_video(self, request: Request) -> Response:
        """Lines of JSON: how far it is, and at last the trial or an error."""
        key = secrets.token_urlsafe(12)
        job = _Job(
            key,
            request.query_params.get('name', 'the video'),
            self._folder / key,
            self._folder / f'{key}.mp4',
            'preview' in request.query_params,
        )
        try:
            await self._receive(request, job)
        except BaseException as error:
            job.video.unlink(missing_ok=True)
            if isinstance(error, ClientDisconnect):
                return Response(status_code=_GONE)
            raise
        return StreamingResponse(
            self._lines(job, request.app.state.ends), media_type='application/x-ndjson'
        )

    async def _receive(self, request: Request, job: _Job) -> None:
        limit = self._max_size * _MEGABYTE
        size = int(request.headers.get('content-length', 0))
        if size <= limit:
            size = 0
            with job.video.open('wb') as file:
                async for part in request.stream():
                    size += len(part)
                    if size > limit:
                        break
                    file.write(part)
        if size > limit:
            sentence = f'{job.name} has more than {self._max_size:g} MB'
            raise HTTPException(413, f'{sentence}; cut it, or start the page with a larger --max-size')

    async def _lines(self, job: _Job, ends: Callable[[], bool]) -> AsyncIterator[str]:
        work = self._worker.submit(self._work, job)
        work.add_done_callback(lambda _: job.video.unlink(missing_ok=True))
        try:
            answer = asyncio.wrap_future(work)
            while not answer.done():
                if ends():
                    return
                yield _line(dict(done=job.done[-1] if job.done else None))
                await asyncio.wait([answer], timeout=_BEAT)
            yield _line(await answer)
        finally:
            job.gone.set()
            work.cancel()

    def _work(self, job: _Job) -> dict:
        """The answer on a video."""
        job.step(0)
        try:
            trial = self._network.try_video(job.video, job.name, job.step)
            lost = _write_preview(job) if job.needs_preview else None
            self._keep(job.key, _Kept(trial.clips, job.preview))
            preview = job.needs_preview and lost is None
            return _answer(trial, self._network.name) | dict(key=job.key, preview=preview, lost=lost)
        except UserError as error:
            return dict(error=str(error))
        except ClientDisconnect:
            return {}
        except Exception as error:
            traceback.print_exc()
            return dict(
                error=f'{job.name} could not be tried ({Fault.of(error).reason}); the terminal has more'
            )

    def _keep(self, key: str, kept: _Kept) -> None:
        self._kept[key] = kept
        while len(self._kept) > _KEPT:
            _, oldest = self._kept.popitem(last=False)
            oldest.preview.unlink(missing_ok=True)

    def _find(self, request: Request) -> _Kept:
        kept = self._kept.get(request.path_params['key'])
        if kept is None:
            raise HTTPException(404, f'only the last {_KEPT} videos are kept; give this one again')
        return kept

    async def layer(self, request: Request) -> Response:
        clips, layer = self._find(request).clips, request.path_params['layer']
        if layer not in clips:
            raise HTTPException(404, f'no layer {layer}; there are {", ".join(clips)}')
        return JSONResponse(dict(svg=await run_in_threadpool(layer_svg, clips[layer], layer)))

    async def preview(self, request: Request) -> Response:
        kept = self._find(request)
        if not kept.preview.is_file():
            raise HTTPException(404, 'this video has no preview')
        return FileResponse(kept.preview)


def _line(content: dict) -> str:
    return to_json(content, ensure_ascii=False) + '\n'


def _write_preview(job: _Job) -> str | None:
    """Write a copy that browsers play; why there is none, if there is none."""
    try:
        write_annotated_video(job.video, job.preview, ())
    except (av.error.FFmpegError, ValueError) as error:
        return Fault.of(error).reason
    return None


def _answer(trial: Trial, network: str) -> dict:
    """What the page shows of a trial."""
    colours = [dict(colour=class_colour(rank)) for rank in range(len(trial.predictions))]
    answer = dict(
        predictions=[found | colour for found, colour in zip(trial.predictions, colours)],
        note=trial.note,
        course=course_svg(trial.course),
    )
    if trial.record is not None:
        answer |= dict(layer=farthest_layer(trial.record), **record_svgs(trial.record, network))
    return answer
