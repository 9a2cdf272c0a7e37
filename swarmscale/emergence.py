"""Emergence on anybody's series: estimators, detectors, and a watch over windows of any array `[T, M]`.

    from swarmscale import emergence

    watched = emergence.watch(emergence.windows_of(series, length=300, step=300))
    for verdict in watched.verdicts:
        print(verdict.sentence)

A detector of one's own is added with ``@swarmscale.register("detector", "mine")``; what it is given and must answer
is in :mod:`swarmscale.model.emergence.base`. ``NULLS`` and ``POSITIVES`` are the control systems on which detectors
are calibrated; they are loaded at first use.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from .model.emergence.base import (
    FEWEST_SAMPLES,
    AnyDetector,
    Detector,
    Opinions,
    Solutions,
    Test,
    Verdict,
    Window,
)
from .model.emergence.detectors import (
    DETECTORS,
    CollectiveIntelligence,
    Coordination,
    Innovation,
    SelfOrganization,
)
from .model.emergence.estimators.assembly import Assembly, assembly_bonus, nominal_answers, sign_flip
from .model.emergence.estimators.causal import (
    PsiAndM,
    delta,
    discrete_delta,
    discrete_gamma,
    discrete_macro_beats_best,
    discrete_psi,
    gamma,
    macro_beats_best,
    psi,
    psi_and_m,
)
from .model.emergence.estimators.gaussian import (
    copula_mutual_information,
    mutual_information,
    transfer_entropy,
    whitened,
)
from .model.emergence.estimators.heaps import HeapsExponent, heaps_exponent
from .model.emergence.estimators.information import (
    discrete_entropy,
    discrete_mutual_information,
    dual_total_correlation,
    o_information,
    total_correlation,
)
from .model.emergence.estimators.modularity import Modularity, modularity_z
from .model.emergence.estimators.multiple import benjamini_hochberg
from .model.emergence.estimators.network import TeNetwork, te_network
from .model.emergence.estimators.novelty import Novelty, PitmanYor, fit_pitman_yor, novelty_p
from .model.emergence.estimators.records import Records, record_law, records_test
from .model.emergence.estimators.scores import rank_normal, standardized
from .model.emergence.estimators.synchrony import fourier_null, order_parameter, synchrony
from .model.emergence.frames import findings_frame, verdicts_frame
from .model.emergence.gates import Gate, cleaned, gate
from .model.emergence.persistence import Finding, Persistence
from .model.emergence.reading import SeriesTable, read_series
from .model.emergence.surrogates import phase_randomized, shifted
from .model.emergence.twin import ablated_shares, twin_of, without_links
from .model.emergence.watch import Watched, all_detectors, watch, windows_of

if TYPE_CHECKING:
    from .model.emergence.controls import NULLS, POSITIVES

__all__ = [
    "DETECTORS",
    "FEWEST_SAMPLES",
    "NULLS",
    "POSITIVES",
    "AnyDetector",
    "Assembly",
    "CollectiveIntelligence",
    "Coordination",
    "Detector",
    "Finding",
    "Gate",
    "HeapsExponent",
    "Innovation",
    "Modularity",
    "Novelty",
    "Opinions",
    "Persistence",
    "PitmanYor",
    "PsiAndM",
    "Records",
    "SelfOrganization",
    "SeriesTable",
    "Solutions",
    "TeNetwork",
    "Test",
    "Verdict",
    "Watched",
    "Window",
    "ablated_shares",
    "all_detectors",
    "assembly_bonus",
    "benjamini_hochberg",
    "cleaned",
    "copula_mutual_information",
    "delta",
    "discrete_delta",
    "discrete_entropy",
    "discrete_gamma",
    "discrete_macro_beats_best",
    "discrete_mutual_information",
    "discrete_psi",
    "dual_total_correlation",
    "findings_frame",
    "fit_pitman_yor",
    "fourier_null",
    "gamma",
    "gate",
    "heaps_exponent",
    "macro_beats_best",
    "modularity_z",
    "mutual_information",
    "nominal_answers",
    "novelty_p",
    "o_information",
    "order_parameter",
    "phase_randomized",
    "psi",
    "psi_and_m",
    "rank_normal",
    "read_series",
    "record_law",
    "records_test",
    "shifted",
    "sign_flip",
    "standardized",
    "synchrony",
    "te_network",
    "total_correlation",
    "transfer_entropy",
    "twin_of",
    "verdicts_frame",
    "watch",
    "whitened",
    "windows_of",
    "without_links",
]


def __getattr__(name: str) -> Any:
    if name in ("NULLS", "POSITIVES"):
        from .model.emergence import controls

        return getattr(controls, name)
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
