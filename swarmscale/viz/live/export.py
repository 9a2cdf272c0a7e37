"""Downloads: records, settings, report, events, a checkpoint, and figures."""

from __future__ import annotations

from collections.abc import Callable, Sequence

import solara

from ...errors import ConfigError
from .downloads import DOWNLOADS, HTML, Download, figure_html, file_name
from .panels import Plot
from .session import Session
from .watching import use_seen


@solara.component
def Export(session: Session, plots: Sequence[Plot] = ()) -> None:
    """A button for each file, made when it is pressed.

    Args:
        session: whose run is taken away.
        plots: figures of the open page, each to be had as HTML.
    """
    chosen, choose = solara.use_state("")
    titles = [plot.title for plot in plots]
    with solara.Column(gap="6px", classes=["ss-export"]):
        for download in DOWNLOADS:
            Taken(session, download).key(download.key)
        if plots:
            title = chosen if chosen in titles else titles[0]
            plot = plots[titles.index(title)]
            solara.Select("figure of this page", values=titles, value=title, on_value=choose, dense=True)
            figure = Download(
                key=f"figure-{plot.key}", title="Figure (HTML)", ending=f"-{plot.key}.html", mime=HTML,
                text="the figure in one file that works offline, about 5 MB; PNG and SVG are on the figure itself",
                make=lambda view: figure_html(view, plot), of_model=False,
            )  # fmt: skip
            Taken(session, figure).key(figure.key)


@solara.component
def Taken(session: Session, download: Download) -> None:
    """One button; why a file cannot be made stands under it.

    Args:
        session: whose run is taken away.
        download: which file.
    """
    (whose, refused), set_refused = solara.use_state(("", ""))
    tries, set_tries = solara.use_state(0)
    of_run = use_seen(session, lambda: file_name(session, download.ending), least_s=2.0)
    name = download.stem + download.ending if download.stem else of_run

    def make() -> str | bytes | None:
        try:
            with session.lock:
                made = download.make(session)
        except ConfigError as error:
            set_refused((download.stem, str(error)))
            set_tries(tries + 1)
            return None
        set_refused(("", ""))
        return made

    data: Callable[[], str | bytes | None] = solara.use_memo(
        lambda: make, [id(session), download.stem, download.key, tries]
    )
    with solara.Tooltip(download.text):
        solara.FileDownload(
            data, filename=name, label=download.title, mime_type=download.mime,
            children=[
                solara.Button(
                    download.title, icon_name="mdi-download", text=True, classes=[f"ss-download-{download.key}"],
                    attributes={"title": download.text},
                )
            ],
        ).key(f"try-{tries}")  # fmt: skip  # another one after a refusal: it then asks anew
    if refused and whose == download.stem:
        solara.Text(refused, classes=["ss-refused"])
