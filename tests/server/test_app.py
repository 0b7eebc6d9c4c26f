"""The application in this process, with real instances (server.state, server.health, server.http.responses)."""

import asyncio
from contextlib import asynccontextmanager

import httpx
import pytest

from config.load import load_settings
from engine.errors import ConfigError, ServiceNotFound
from engine.extent import Extent
from engine.request import ImageRequest, StatisticsRequest
from engine.request_parts import Encoding, View
from server.answers.answered import Answered
from server.app import create_app
from server.http.responses import server_timing
from server.instances.job import Job

WHOLE = Extent(480_000.0, 5_534_760.0, 490_240.0, 5_545_000.0)


def settings_for(data, **options):
    small = {"memory.total_mb": 2000, "memory.scratch_mb": 64, "memory.block_cache_mb": 32}
    return load_settings(None, {}, {"data": str(data), "instances": 1, **small, **options})


@asynccontextmanager
async def lifespan(app):
    """Run the application's lifespan as a server would."""
    inbox, outbox = asyncio.Queue(), asyncio.Queue()
    task = asyncio.create_task(app({"type": "lifespan", "state": {}}, inbox.get, outbox.put))
    await inbox.put({"type": "lifespan.startup"})
    assert (await outbox.get())["type"] == "lifespan.startup.complete"
    try:
        yield
    finally:
        await inbox.put({"type": "lifespan.shutdown"})
        assert (await outbox.get())["type"] == "lifespan.shutdown.complete"
        await task


def client_of(app):
    return httpx.AsyncClient(transport=httpx.ASGITransport(app), base_url="http://localhost")


async def until_ready(app):
    async with asyncio.timeout(60):
        while not app.state.is_ready:  # noqa: ASYNC110 -- asks as a load balancer would
            await asyncio.sleep(0.02)


@asynccontextmanager
async def serving(data, **options):
    app = create_app(settings_for(data, **options))
    async with lifespan(app), client_of(app) as client:
        await until_ready(app)
        yield app, client


async def test_it_lives_before_it_is_ready(data_folder):
    app = create_app(settings_for(data_folder))
    async with lifespan(app), client_of(app) as client:
        assert (await client.get("/health/live")).status_code == 200
        not_yet = await client.get("/health/ready")
        assert not_yet.status_code == 503
        assert not_yet.json()["instances_ready"] == 0
        # Asked too early, a request waits for the first instance instead of failing.
        tile = await client.get("/tiles/test/picture/13/0/0.png", timeout=60)
        assert tile.status_code in (200, 404)
        await until_ready(app)
        ready = await client.get("/health/ready")
        assert ready.json() == {
            "status": "ready",
            "instances": 1,
            "instances_ready": 1,
            "services": 1,
            "skipping_sources": [],
        }


async def test_an_engine_that_cannot_start_is_told_to_the_server(data_folder, monkeypatch):
    app = create_app(settings_for(data_folder))
    failed = asyncio.Event()
    app.on_failure = failed.set
    # An interpreter that is not there, in the place of an engine that cannot be imported.
    monkeypatch.setattr("server.instances.forker.sys.executable", "/bin/false")
    async with lifespan(app):
        await asyncio.wait_for(failed.wait(), 30)
        assert not app.state.is_ready


async def test_a_job_is_answered_kept_and_counted(data_folder):
    async with serving(data_folder) as (app, client):
        state = app.state
        service = state.service("test/picture")
        image = ImageRequest(
            view=View(extent=WHOLE, width=64, height=64), encoding=Encoding(format="png")
        )
        job = Job(service=service, request=image, operation="exportImage")
        first = await state.answer(job, job.question())
        again = await state.answer(job, job.question())
        assert (first.is_kept, again.is_kept) == (False, True)
        assert bytes(first.reply.body).startswith(b"\x89PNG")
        assert again.reply is first.reply
        assert "encode;dur=" in server_timing(first)
        assert server_timing(again) == "cache;desc=hit"
        text = (await client.get("/metrics")).text
        assert 'operation="exportImage",stage="encode"} 1.0' in text
        assert "swath_response_cache_hits_total 1.0" in text


async def test_a_record_without_renderer_is_json(data_folder):
    async with serving(data_folder) as (app, _):
        service = app.state.service("test/picture")
        job = Job(service=service, request=StatisticsRequest(), operation="statistics")
        reply = await app.state.ask(job)
        assert reply.media_type == "application/json"
        assert b'"statistics":[{"min":0.0' in bytes(reply.body)


async def test_no_cache_keeps_nothing(data_folder):
    async with serving(data_folder, **{"memory.response_cache_mb": 0}) as (app, _):
        service = app.state.service("test/picture")
        job = Job(service=service, request=StatisticsRequest(), operation="statistics")
        for _ in range(2):
            assert not (await app.state.answer(job, job.question())).is_kept


async def test_an_unknown_service_is_not_found(data_folder):
    async with serving(data_folder) as (app, client):
        with pytest.raises(ServiceNotFound, match="test/none"):
            app.state.service("test/none")
        assert (await client.get("/nothing/here")).status_code == 404


def test_stages_are_told_in_milliseconds():
    reply = type("R", (), {"stages": {"plan": 1.25, "encode": 0.5}})()
    assert server_timing(Answered(reply)) == "plan;dur=1.250, encode;dur=0.500"


@pytest.mark.parametrize("is_stopping", [False, True])
async def test_instances_that_end_with_a_server_that_stops_are_no_failure(
    data_folder, monkeypatch, is_stopping
):
    app = create_app(settings_for(data_folder))
    failed = asyncio.Event()
    app.on_failure = failed.set
    tried = asyncio.Event()

    async def fail():
        app.state.is_stopping = is_stopping
        tried.set()
        raise ConfigError("server", "instances", "could not load the engine")

    monkeypatch.setattr(app.state, "start", fail)
    async with lifespan(app):
        await tried.wait()
        await asyncio.sleep(0.01)
    assert failed.is_set() is not is_stopping
