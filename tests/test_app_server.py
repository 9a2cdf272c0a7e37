"""``swarmscale app``: who gets in, what it refuses, how many it takes, and that nothing leaves the machine."""

import asyncio
import contextlib
import socket
import threading
import time
import tomllib
import uuid
from pathlib import Path

import pytest
from websockets.exceptions import InvalidStatus
from websockets.sync.client import connect

from swarmscale.cli import main
from swarmscale.errors import ConfigError
from swarmscale.viz.live import check, server
from swarmscale.viz.live.assets import FONT_AWESOME, PLOTLY, missing_assets, plotly_url, wanted_assets
from swarmscale.viz.live.gate import Gate
from swarmscale.viz.live.sessions import Sessions
from swarmscale.viz.live.settings_env import AppSettings

from .browser import CHROMIUM, NO_CHROMIUM, chromium, fetched, served, tab

in_a_browser = pytest.mark.skipif(CHROMIUM is None, reason=NO_CHROMIUM)

STUB = """
import time

import solara
import solara.lab

from swarmscale.viz.live.assets import plotly_url
from swarmscale.viz.live.sessions import Sessions
from swarmscale.viz.live.settings_env import AppSettings

settings = AppSettings.read()
sessions = Sessions(settings.max_sessions)
admitted = solara.reactive(True)
clicks = solara.reactive(0)


def begin():
    admitted.value = sessions.enter()
    return sessions.leave if admitted.value else None


solara.lab.on_kernel_start(begin)


def busy():
    print("busy", flush=True)
    until = time.monotonic() + 60
    while time.monotonic() < until:
        sum(range(1_000))


@solara.component
def Page():
    if not admitted.value:
        solara.Text(sessions.full, classes=["full"])
        return
    solara.Button("busy", on_click=busy)
    solara.Button(f"{clicks.value} clicks", on_click=lambda: clicks.set(clicks.value + 1), icon_name="mdi-play")
    solara.Text(f"{settings.preset}, {settings.max_agents}, {settings.max_sessions}", classes=["settings"])
    solara.Text(plotly_url(), classes=["plotly"])
"""


@pytest.fixture(scope="module")
def stub(tmp_path_factory):
    path = tmp_path_factory.mktemp("page") / "stub.py"
    path.write_text(STUB, encoding="utf-8")
    return path


# the gate, alone


class Behind:
    """What is behind a gate: remembers what came through."""

    def __init__(self):
        self.came = []

    async def __call__(self, scope, receive, send):
        self.came.append(scope["path"])
        if scope["type"] == "http":
            await send({"type": "http.response.start", "status": 200, "headers": []})
            await send({"type": "http.response.body", "body": b"inside"})
        else:
            await send({"type": "websocket.accept"})


SECRET = "a-secret-of-enough-letters"


def ask(path, *, kind="http", token=SECRET, query="", assets=Path("nowhere"), **headers):
    """The messages that a gate sends, its status, and whether the request came through."""
    behind, sent = Behind(), []
    gate = Gate(app=behind, cookie="crumb", assets=assets, token=token)
    scope = {
        "type": kind,
        "method": "GET",
        "path": path,
        "query_string": query.encode(),
        "headers": [(k.replace("_", "-").encode(), v.encode()) for k, v in headers.items()],
        "extensions": {"websocket.http.response": {}},
    }

    async def send(message):
        sent.append(message)

    async def receive():
        return {"type": "http.request"}

    asyncio.run(gate(scope, receive, send))
    return sent, sent[0].get("status", 101), bool(behind.came)


@pytest.mark.parametrize("kind", ["http", "websocket"])
@pytest.mark.parametrize(
    "query", ["", "token=", "token=a-secret-of-enough-letter", f"token={SECRET}x", "token=ü"]
)
def test_a_wrong_or_missing_token_gets_401_and_one_sentence(kind, query):
    sent, status, through = ask("/", kind=kind, query=query, cookie="crumb=; other=1")
    assert (status, through) == (401, False)
    assert sent[1]["body"].decode().count("\n") == 1
    assert SECRET not in str(sent)


@pytest.mark.parametrize("kind", ["http", "websocket"])
@pytest.mark.parametrize("cookie", [f"crumb={SECRET}", f'odd={{"a": [1]}}; crumb={SECRET}; x'])
def test_the_cookie_lets_requests_and_websockets_through(kind, cookie):
    assert ask("/x", kind=kind, cookie=cookie)[2]
    assert not ask("/x", kind=kind, cookie=cookie.replace("crumb", "crump"))[2]


def test_the_first_request_of_a_page_sets_the_cookie_and_takes_the_token_out_of_the_address():
    sent, status, through = ask("/scaling", query=f"a=1&token={SECRET}", accept="text/html,*/*")
    headers = dict(sent[0]["headers"])
    assert (status, through) == (303, False)
    assert headers[b"location"] == b"/scaling?a=1"
    assert headers[b"set-cookie"] == f"crumb={SECRET}; Path=/; HttpOnly; SameSite=Lax".encode()


def test_the_redirect_stays_on_this_server():
    sent, status, _ = ask("//elsewhere.example/", query=f"token={SECRET}", accept="text/html")
    assert (status, dict(sent[0]["headers"])[b"location"]) == (303, b"/elsewhere.example/")


def test_a_program_may_bring_the_token_in_the_address_of_any_request():
    sent, status, through = ask("/resourcez", query=f"token={SECRET}", accept="*/*")
    assert (status, through) == (200, True)
    assert b"set-cookie" in dict(sent[0]["headers"])
    assert ask("/x", kind="websocket", query=f"token={SECRET}")[2]


def test_health_alone_is_open_and_only_to_requests():
    assert ask("/readyz")[2]
    assert not ask("/readyz", kind="websocket")[2]
    assert not ask("/resourcez")[2]


def test_without_a_token_only_names_of_this_machine_are_answered():
    for host in ("localhost:8765", "127.0.0.1:8765", "[::1]:8765", "LOCALHOST"):
        assert ask("/", token=None, host=host)[1:] == (200, True)
    for host in ("rebound.example:8765", "", "127.0.0.1.rebound.example", "[::1"):
        assert ask("/", token=None, host=host)[1:] == (403, False)


def test_without_a_token_pages_of_other_sites_get_no_websocket():
    host = "127.0.0.1:8765"
    assert ask("/x", kind="websocket", token=None, host=host, origin=f"http://{host}")[2]
    assert ask("/x", kind="websocket", token=None, host=host)[2]
    for origin in ("http://elsewhere.example", "null", "http://127.0.0.1:8000", ""):
        assert ask("/x", kind="websocket", token=None, host=host, origin=origin)[1:] == (403, False)


def test_only_assets_that_are_there_are_asked_of_solara(tmp_path):
    (tmp_path / "cdn").mkdir()
    (tmp_path / "cdn" / "here.js").touch()
    (tmp_path / "outside.js").touch()
    for path, through in (("here.js", True), ("gone.js", False), ("../outside.js", False), ("", False)):
        asked = ask(f"/_solara/cdn/{path}", token=None, host="localhost", assets=tmp_path / "cdn")
        assert asked[1:] == ((200, True) if through else (404, False))


# settings and sessions


def test_settings_come_back_from_the_environment_as_they_went():
    settings = AppSettings(preset="my fleet.toml", max_agents=5, max_sessions=3)
    assert AppSettings.read(settings.environment()) == settings
    assert AppSettings.read({}) == AppSettings()
    assert settings.environment()["SWARMSCALE_APP_MAX_AGENTS"] == "5"


@pytest.mark.parametrize(
    ("name", "text", "line"),
    [
        ("MAX_AGENTS", "many", "SWARMSCALE_APP_MAX_AGENTS = 'many', but it must be a whole number"),
        ("MAX_AGENTS", "0", "--max-agents = 0"),
        ("MAX_SESSIONS", "-1", "--max-sessions = -1"),
        ("PRESET", " ", "--preset = ' '"),
    ],
)
def test_settings_that_cannot_be_are_refused(name, text, line):
    with pytest.raises(ConfigError, match=line.replace("(", r"\(")):
        AppSettings.read({f"SWARMSCALE_APP_{name}": text})


def test_no_more_sessions_enter_at_once_than_the_limit_also_from_threads():
    sessions, start, got = Sessions(5), threading.Barrier(16), []

    def visit():
        start.wait()
        got.append(sessions.enter())

    threads = [threading.Thread(target=visit) for _ in range(16)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert (got.count(True), sessions.open) == (5, 5)
    sessions.leave()
    assert (sessions.enter(), sessions.enter()) == (True, False)


def test_a_session_that_never_entered_cannot_leave():
    with pytest.raises(RuntimeError, match="never entered"):
        Sessions(1).leave()


# the installation


def test_supported_versions_are_those_of_the_viz_extra():
    project = tomllib.loads((Path(__file__).parent.parent / "pyproject.toml").read_text(encoding="utf-8"))
    asked = project["project"]["dependencies"] + project["project"]["optional-dependencies"]["viz"]
    for name, (low, high) in check.SUPPORTED.items():
        bounds = [f">={low}"] * bool(low) + [f"<{high}"] * bool(high)
        assert name + ",".join(bounds) in asked


@pytest.mark.parametrize(
    ("package", "version", "fits"),
    [
        ("solara", "1.57.9", False),
        ("solara", "1.58", True),
        ("solara", "1.64.1", True),
        ("solara", "1.65.0", False),
        ("ipyvue", "3.1.1", False),
        ("starlette", "1.0", False),
        ("starlette", "0.52.1", True),
        ("plotly", "10.0", False),
    ],
)
def test_versions_are_compared_as_numbers(package, version, fits):
    assert (check.unfit(package, version) == "") == fits


def test_the_check_names_versions_assets_and_a_free_port(capsys):
    assert main(["app", "--check", "--port", "0"]) == 0
    out = capsys.readouterr().out
    assert out.count("\n") == 1
    assert out.startswith(f"the live page can start: solara {check.installed('solara')}, ipyvue ")
    assert "all assets are there, port " in out


def test_the_check_says_that_a_port_is_in_use(capsys):
    with check.bound("127.0.0.1", 0) as busy:
        port = str(busy.getsockname()[1])
        assert main(["app", "--check", "--port", port]) == 1
        out = capsys.readouterr().out
    assert f"--port {port}: address already in use" in out
    assert out.count("\n") == 1


def test_the_check_says_what_is_wrong_with_versions_and_assets(tmp_path):
    have = {"solara": "1.66.0", "ipyvue": "3.1.1"}
    found = check.inspect(version_of=lambda name: have.get(name) or check.installed(name), folder=tmp_path)
    line = found.line()
    assert line.startswith(
        "the live page cannot start: solara 1.66.0, but it must be >=1.58,<1.65; ipyvue 3.1.1"
    )
    assert "requirejs@" in line
    assert FONT_AWESOME in line
    assert "\n" not in line


def test_assets_are_those_that_the_installed_solara_asks_for(tmp_path):
    wanted = wanted_assets(check.template())
    assert any(path.endswith("solara-vuetify-app8.min.js") for path in wanted)
    assert missing_assets(check.template(), tmp_path) == wanted
    assert [text.split(" ")[0] for text in missing_assets("", tmp_path)][1:] == [
        "solara-vuetify-app",
        "requirejs",
    ]


@pytest.mark.parametrize(("words", "code"), [(["app"], 2), (["app", "--check"], 1)])
def test_without_the_viz_extra_one_line_says_what_to_install(words, code, capsys, monkeypatch):
    monkeypatch.setattr(check, "installed", lambda name: None if name in ("solara", "ipyvue") else "1")
    assert main(words) == code
    captured = capsys.readouterr()
    text = captured.out + captured.err
    assert "solara, ipyvue not installed; pip install 'swarmscale[viz]'" in text
    assert text.count("\n") == 1


REFUSED = [
    (["--preset", "nope"], "no preset is called 'nope'"),
    (["--preset", "none.toml"], "none.toml: cannot be read"),
    (["--max-agents", "100", "--preset", "llm-fleet"], "--max-agents = 100, but it must be"),
    (["--max-agents", "0"], "--max-agents = 0"),
    (["--max-sessions", "0"], "--max-sessions = 0"),
    (["--port", "70000"], "--port = 70000, but it must be 0 to 65535"),
    (["--port", "x"], "Invalid value for '--port'"),
    (["--host", "not a host"], "--host = not a host"),
    (["--host", "192.0.2.1"], "cannot assign requested address"),
    (["--token", "short"], "--token = 'short', but it must be 16 or more"),
    (["--token", "sixteen letters or"], "--token = 'sixteen letters or'"),
    (["--script", "none.py"], "--script none.py: there is no such file"),
]


@pytest.mark.parametrize(("words", "line"), REFUSED, ids=[" ".join(w) for w, _ in REFUSED])
def test_bad_input_gets_one_line_and_exit_code_2(words, line, tmp_path, capsys, monkeypatch, stub):
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(server, "_run", lambda *_: pytest.fail("it was served"))
    assert main(["app", "--no-open", "--script", str(stub), "--port", "0", *words]) == 2
    captured = capsys.readouterr()
    assert line in captured.err
    assert captured.err.count("\n") == 1
    assert list(tmp_path.iterdir()) == []


def test_a_port_in_use_gets_one_line_and_exit_code_2(capsys, stub):
    with check.bound("127.0.0.1", 0) as busy:
        port = str(busy.getsockname()[1])
        assert main(["app", "--no-open", "--script", str(stub), "--port", port, "--preset", "tiny"]) == 2
    err = capsys.readouterr().err
    assert f"--host 127.0.0.1 --port {port}: address already in use" in err
    assert err.count("\n") == 1


@pytest.mark.parametrize(
    ("host", "given", "secret"),
    [
        ("127.0.0.1", None, False),
        ("localhost", None, False),
        ("127.0.0.1", SECRET, True),
        ("0.0.0.0", None, True),
    ],
)
def test_a_token_is_made_when_the_address_is_not_loopback(host, given, secret):
    with check.bound(host, 0) as listening:
        address = server._address(host, listening, given)
    assert (address.token is not None) == secret
    assert address.url().startswith("http://127.0.0.1:" if host == "0.0.0.0" else f"http://{host}:")
    assert ("?token=" in address.url()) == secret
    if secret and given is None:
        assert server.TOKEN.fullmatch(address.token)
        with check.bound(host, 0) as again:
            assert server._address(host, again, None).token != address.token


# a server


@contextlib.contextmanager
def outside():
    """A proxy that stands for the network: remembers each connection, and answers none."""
    calls = []
    with socket.create_server(("127.0.0.1", 0)) as listening:

        def listen():
            with contextlib.suppress(OSError):
                while True:
                    caller, _ = listening.accept()
                    calls.append(caller.recv(200))
                    caller.close()

        threading.Thread(target=listen, daemon=True).start()
        proxy = f"http://127.0.0.1:{listening.getsockname()[1]}"
        yield dict.fromkeys(("HTTP_PROXY", "HTTPS_PROXY", "http_proxy", "https_proxy"), proxy), calls


def test_the_proxy_that_stands_for_the_network_hears_a_call():
    with outside() as (proxies, calls):
        port = int(proxies["HTTP_PROXY"].rsplit(":", 1)[1])
        with socket.create_connection(("127.0.0.1", port)) as call:
            call.sendall(b"CONNECT x")
            call.recv(1)
    assert calls == [b"CONNECT x"]


@pytest.fixture(scope="module")
def loopback(stub):
    """A server on loopback for one session, where home cannot be written, with the network replaced."""
    with outside() as (proxies, calls):
        odd = {
            "HOME": "/dev/null/home",
            "SOLARA_THEME_VARIANT": "auto",
            "SOLARA_ASSETS_PROXY": "false",
            "SOLARA_MODE": "dev",
        }
        options = {"preset": "tiny", "max_agents": 5_000, "max_sessions": 1}
        with served(stub, environment=proxies | odd, **options) as running:
            yield running, calls


@pytest.fixture(scope="module")
def guarded(stub):
    """A server on all addresses, with the token that it made."""
    with served(stub, host="0.0.0.0", preset="tiny") as running:
        yield running


def test_it_listens_on_loopback_alone_unless_told_otherwise(loopback, guarded):
    def answers(running, host):
        with contextlib.suppress(OSError):
            port = int(running.base.rsplit(":", 1)[1])
            return fetched(f"http://{host}:{port}/readyz")[0] == 200
        return False

    assert "?token=" not in loopback[0].url
    assert answers(guarded, "127.0.0.2")
    assert not answers(loopback[0], "127.0.0.2")


def test_health_is_open_behind_the_token_and_tells_nothing_private(guarded):
    assert guarded.get("/readyz")[:2] == (200, '{"status":"ok"}')
    assert guarded.get("/resourcez")[0] == 401


def test_every_request_without_the_token_gets_401(guarded):
    for path in ("/", "/scaling", plotly_url(), "/static/main-vuetify.js", "/_solara/cdn/" + FONT_AWESOME):
        status, text, _ = guarded.get(path)
        assert (status, text.count("\n")) == (401, 1)


def test_the_printed_address_leads_to_the_page_by_a_cookie(guarded):
    status, _, headers = fetched(guarded.url, {"Accept": "text/html"})
    assert (status, headers["location"]) == (303, "/")
    cookie = headers["set-cookie"].split(";")[0]
    assert guarded.get("/", {"Cookie": cookie})[0] == 200
    assert '"kernels"' in guarded.get("/resourcez", {"Cookie": cookie})[1]
    assert guarded.get("/", {"Cookie": cookie + "x"})[0] == 401


def test_a_websocket_needs_the_token_too(guarded):
    place = (
        guarded.base.replace("http", "ws")
        + f"/jupyter/api/kernels/{uuid.uuid4()}/x?session_id={uuid.uuid4()}"
    )
    with pytest.raises(InvalidStatus) as refused, connect(place, proxy=None):
        pass
    assert refused.value.response.status_code == 401
    with connect(f"{place}&{guarded.url.split('?')[1]}", proxy=None) as open_:
        assert open_.response.status_code == 101


def test_other_names_and_other_sites_are_kept_out_of_loopback(loopback):
    running, _ = loopback
    assert running.get("/", {"Host": "rebound.example"})[0] == 403
    place = (
        running.base.replace("http", "ws")
        + f"/jupyter/api/kernels/{uuid.uuid4()}/x?session_id={uuid.uuid4()}"
    )
    with (
        pytest.raises(InvalidStatus) as refused,
        connect(place, origin="http://elsewhere.example", proxy=None),
    ):
        pass
    assert refused.value.response.status_code == 403


def test_it_runs_in_production_without_solaras_banner(loopback):
    text = loopback[0].get("/")[1]
    assert "<title>Swarmscale</title>" in text
    assert "solara.production = true" in text
    assert '"show_banner": false' in text


def test_plotly_is_served_and_may_be_kept_by_the_browser(loopback):
    running, _ = loopback
    status, text, headers = running.get(plotly_url())
    assert (status, "immutable" in headers["cache-control"]) == (200, True)
    assert text[:200].lstrip().startswith("/**\n* plotly.js v")
    assert running.get(f"/static/assets/{PLOTLY}?v=7")[2]["cache-control"] == "no-store"


@in_a_browser
def test_a_page_renders_takes_one_session_and_asks_nobody_else(loopback):
    running, calls = loopback
    loaded = "document.fonts.ready.then(all => [...all].filter(f => f.status == 'loaded').map(f => f.family))"
    with chromium() as browser, tab(browser, running.url) as first:
        first.page.get_by_text("0 clicks").click()
        first.page.get_by_text("1 clicks").wait_for()
        assert first.page.locator(".settings").inner_text() == "tiny, 5000, 1"
        assert {"Roboto", "Material Design Icons"} <= set(first.page.evaluate(loaded))
        assert sum(first.received) > 1_000
        assert sum(first.sent) > 1_000
        with tab(browser, running.url) as second:
            second.page.locator(".full").wait_for()
            assert "One session is open" in second.page.locator(".full").inner_text()
            first.page.goto("about:blank")
            second.page.reload()
            second.page.get_by_text("0 clicks").wait_for()
            second.clean()
        first.clean()
    assert running.get("/_solara/cdn/vega@9.9.9/vega.js")[0] == 404
    assert calls == []


@in_a_browser
def test_the_browser_of_the_tests_sees_and_blocks_what_goes_elsewhere(loopback):
    with chromium() as browser, tab(browser, loopback[0].base + "/readyz") as opened:
        opened.page.evaluate("fetch('http://elsewhere.example/x').catch(() => console.error('blocked'))")
        opened.page.evaluate("fetch('/_solara/cdn/none.js')")
        opened.page.wait_for_timeout(200)
        assert opened.foreign == ["http://elsewhere.example/x"]
        assert "blocked" in opened.errors
        assert f"404 {loopback[0].base}/_solara/cdn/none.js" in opened.failed


@in_a_browser
def test_ctrl_c_ends_it_soon_and_without_a_word_also_while_a_session_is_busy(stub):
    with served(stub, preset="tiny", token=SECRET) as running, chromium() as browser:
        assert running.url.endswith(f"?token={SECRET}")
        with tab(browser, running.url) as opened:
            opened.page.get_by_text("busy").click()
            assert opened.page.url == running.base + "/"
            opened.clean()
            while running.process.stdout.readline() != "busy\n":
                pass
            started = time.monotonic()
            assert running.stop() == (0, "")
            assert time.monotonic() - started < 30
    with pytest.raises(OSError):
        fetched(running.base + "/readyz")
