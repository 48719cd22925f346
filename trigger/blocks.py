"""Blocks of the trigger on event fields: what each one reads, and what it answers, in the order in which they run."""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping
from dataclasses import dataclass, field, fields
from typing import Protocol

import numpy as np
from numpy.typing import NDArray

from trigger.cdc import CdcMask, SegmentFinder, TrackTrigger
from trigger.cdc.track_counts import COUNT_FIELDS, FitterCuts, count_fitter_tracks
from trigger.digest import digest
from trigger.displaced import DisplacedParameters, DisplacedTrigger
from trigger.displaced.layout import DECISION_FIELDS as DISPLACED_FIELDS
from trigger.displaced.matching import MatchWindow, meets_cluster
from trigger.ecl import EclCalibration, EclParameters, EclTrigger
from trigger.ecl.layout import DECISION_FIELDS as ECL_FIELDS
from trigger.fields import TRACK_FIELDS, VERTEX_FIELDS
from trigger.grl import GrlParameters, GrlTrigger
from trigger.grl.layout import DECISION_FIELDS as GRL_FIELDS
from trigger.klm import DECISION_FIELDS as KLM_FIELDS
from trigger.klm import KlmDecision, KlmParameters, KlmTrigger
from trigger.klm_line import KlmLineParameters, KlmLineTrigger
from trigger.networks import DEFAULT_NETWORK, FrozenNetwork, load_network

DETECTOR_BLOCKS = ("ecl", "tracks", "klm", "grl", "displaced")
"""Blocks that answer with decision fields, in the order in which they run: a block may read what an earlier one answered."""

Fields = Mapping[str, NDArray]


def _default_network() -> FrozenNetwork:
    return load_network(DEFAULT_NETWORK)


@dataclass(frozen=True, kw_only=True)
class TriggerSettings:
    """What a user may change about the blocks; the experiment's values and the default network by default.

    klm: its kind chooses the mode of the KLM trigger: layer count, or straight lines.
    neuro_clocks: data clocks of a frame whose tracks the neuro trigger answers; None: all, as in the experiment's simulation.
    """

    parameters: EclParameters = field(default_factory=EclParameters.default)
    calibration: EclCalibration = field(default_factory=EclCalibration)
    mask: CdcMask = field(default_factory=CdcMask)
    network: FrozenNetwork = field(default_factory=_default_network)
    fitter: FitterCuts = field(default_factory=FitterCuts)
    klm: KlmParameters | KlmLineParameters = field(default_factory=KlmParameters)
    grl: GrlParameters = field(default_factory=GrlParameters)
    displaced: DisplacedParameters = field(default_factory=DisplacedParameters)
    displaced_match: MatchWindow = field(default_factory=MatchWindow)
    neuro_clocks: int | None = None

    @property
    def reads_strips(self) -> bool:
        """Whether the KLM trigger reads strips, in straight-line mode, and not layers."""
        return isinstance(self.klm, KlmLineParameters)

    @property
    def digests(self) -> dict[str, str]:
        """Digest of each setting."""
        return {f.name: self.network.digest if f.name == "network" else digest(getattr(self, f.name)) for f in fields(self)}


class Block(Protocol):
    """One block.

    required: fields that must be there. fields: those that are read where they are present. answers: what later blocks may read.
    """

    required: tuple[str, ...]
    fields: tuple[str, ...]
    answers: tuple[str, ...]

    def run(self, given: Fields) -> dict[str, NDArray]:
        """Fields of the answer; InputError with field, event and reason for bad input."""


class EclBlock:
    """The ECL trigger on cells, timed or of the chosen window."""

    required: tuple[str, ...] = ("ecl_offsets", "ecl_tc_id", "ecl_adc")
    fields: tuple[str, ...] = (*required, "ecl_time", "ecl_phase")
    answers: tuple[str, ...] = tuple(field.name for field in ECL_FIELDS)

    def __init__(self, settings: TriggerSettings) -> None:
        self._trigger = EclTrigger(settings.parameters, settings.calibration)

    def run(self, given: Fields) -> dict[str, NDArray]:
        offsets, tc_id, adc = (given[name] for name in self.required)
        return self._trigger.run(offsets, tc_id, adc, given.get("ecl_time"), given.get("ecl_phase")).arrays()


_SEGMENTS = ("cdc_offsets", "cdc_ts_id", "cdc_priority", "cdc_lr", "cdc_time")


class TracksBlock:
    """Track segments, 2D tracks, network and single-track trigger: from wires where there are any, else from segments."""

    def __init__(self, settings: TriggerSettings, names: Collection[str]) -> None:
        self._from_wires = "wire_offsets" in names
        wires = ("wire_offsets", "wire_id", "wire_time")
        self.required: tuple[str, ...] = wires if self._from_wires else _SEGMENTS
        self.fields: tuple[str, ...] = self.required
        self.answers: tuple[str, ...] = (*_SEGMENTS, *(field.name for field in (*TRACK_FIELDS, *COUNT_FIELDS)), "track_offsets")
        self._segments = SegmentFinder(mask=settings.mask)
        self._trigger = TrackTrigger(network=settings.network.network, neuro_clocks=settings.neuro_clocks)
        self._fitter = settings.fitter

    def run(self, given: Fields) -> dict[str, NDArray]:
        read = {name: given[name] for name in self.required}
        found: dict[str, NDArray] = self._segments.run(*read.values()).arrays() if self._from_wires else read
        tracks = self._trigger.run(*found.values()).arrays()
        fitter = count_fitter_tracks(tracks["track_offsets"], tracks["track_expert"], tracks["track_z_raw"], self._fitter)
        return (found if self._from_wires else {}) | tracks | {"grl_t3": fitter}


class KlmBlock:
    """The KLM trigger: on layers with hits, or on strips in straight-line mode."""

    answers: tuple[str, ...] = tuple(field.name for field in KLM_FIELDS)

    def __init__(self, settings: TriggerSettings) -> None:
        self.required: tuple[str, ...] = ("klm_offsets", "klm_section", "klm_sector", "klm_layer")
        self._run: Callable[..., KlmDecision]
        if isinstance(settings.klm, KlmLineParameters):
            self.required = (*self.required, "klm_plane", "klm_strip")
            self._run = KlmLineTrigger(settings.klm).run
        else:
            self._run = KlmTrigger(settings.klm).run
        self.fields: tuple[str, ...] = self.required

    def run(self, given: Fields) -> dict[str, NDArray]:
        return self._run(*(given[name] for name in self.required)).arrays()


_CLUSTERS = ("ecl_cluster_tc", "ecl_cluster_adc", "ecl_bhabha3d_veto")
_NEURO = ("track_expert", "track_theta_raw")
_SECTORS = ("klm_fired",)
GRL_NEEDS: Mapping[str, tuple[str, ...]] = {
    **dict.fromkeys(("secl", "iecl", "d3", "d5", "d7", "p3", "p5", "p7", "p9", "cdcecl", "c2gev", "n1gev", "n2gev"), _CLUSTERS),
    **dict.fromkeys(("samhem", "opohem", "trkbha1", "trkbha2"), _CLUSTERS + _NEURO),
    **dict.fromkeys(("cdcklm", "seklm_0", "seklm_1", "ieklm"), _SECTORS),
    "ecleklm": _CLUSTERS + _SECTORS,
}
"""What the GRL needs beside segments and 2D tracks, for the answers `grl_<name>`; the others need no more."""


class GrlBlock:
    """The global reconstruction logic on segments, 2D tracks and what there is of clusters, network answers and KLM sectors.

    Answers that would need what is not there are left out: they are unknown, not 0.
    """

    required: tuple[str, ...] = ("cdc_offsets", "cdc_ts_id", "track_offsets", "track_phi_raw", "track_omega_raw")

    def __init__(self, settings: TriggerSettings, names: Collection[str]) -> None:
        self._trigger = GrlTrigger(settings.grl)
        self._optional = [group for group in (_CLUSTERS, _NEURO, _SECTORS) if set(group) <= set(names)]
        there = {name for group in self._optional for name in group}
        self.fields: tuple[str, ...] = (*self.required, *there)
        self.answers: tuple[str, ...] = tuple(
            field.name for field in GRL_FIELDS if there.issuperset(GRL_NEEDS.get(field.name.removeprefix("grl_"), ()))
        )

    def run(self, given: Fields) -> dict[str, NDArray]:
        optional = {name: given[name] for group in self._optional for name in group}
        answer = self._trigger.run(*(given[name] for name in self.required), **optional).arrays()
        return {name: answer[name] for name in self.answers}


class DisplacedBlock:
    """The displaced-vertex trigger on segments, and on clusters; where there are none, `displaced_dvt_ecl` is left out."""

    required: tuple[str, ...] = _SEGMENTS

    def __init__(self, settings: TriggerSettings, names: Collection[str]) -> None:
        self._trigger, self._window = DisplacedTrigger(settings.displaced), settings.displaced_match
        clusters = _CLUSTERS[:1] if _CLUSTERS[0] in names else ()
        self.fields: tuple[str, ...] = (*self.required, *clusters)
        per_event = tuple(field.name for field in DISPLACED_FIELDS if clusters or field.name != "displaced_dvt_ecl")
        self.answers: tuple[str, ...] = (*per_event, "displaced_offsets", *(field.name for field in VERTEX_FIELDS))

    def run(self, given: Fields) -> dict[str, NDArray]:
        found = self._trigger.run(*(given[name] for name in self.required))
        answer = found.arrays() | {"displaced_dvt": found.displaced_vertex}
        if _CLUSTERS[0] in self.fields:
            met = meets_cluster(answer, given[_CLUSTERS[0]], self._window)
            loose = np.append(met & (found.displaced_score_raw >= self._trigger.parameters.score_loose_raw), False)
            first = found.displaced_offsets
            answer["displaced_dvt_ecl"] = (np.add.reduceat(loose, first[:-1]) * (np.diff(first) > 0) > 0).astype(np.uint8)
        return {name: answer[name] for name in self.answers}


def make_block(name: str, settings: TriggerSettings, names: Collection[str]) -> Block:
    """Return a block of DETECTOR_BLOCKS for events with fields of these names, those that earlier blocks answer included."""
    match name:
        case "ecl":
            return EclBlock(settings)
        case "tracks":
            return TracksBlock(settings, names)
        case "klm":
            return KlmBlock(settings)
        case "grl":
            return GrlBlock(settings, names)
        case "displaced":
            return DisplacedBlock(settings, names)
    msg = f"block must be one of {', '.join(DETECTOR_BLOCKS)}, not {name!r}"
    raise ValueError(msg)
