"""RTL of every block as it ships, by name: the one list of blocks that are exported, mutated, synthesised and verified.

Each is generated when it is asked for, in seconds (minutes for the displaced-vertex trigger), and nothing is loaded before.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from sim.cosim.rtl import Rtl

Shipped = Callable[[], "tuple[Rtl, int]"]
"""(RTL, cycles from event to event, or from vector to vector)."""


def _ecl() -> tuple[Rtl, int]:
    from hdl.ecl.trigger import EclTrigger
    from sim.cosim.ecl import ecl_rtl
    from trigger.ecl import EclCalibration, EclParameters

    return ecl_rtl(EclParameters.default(), EclCalibration()), EclTrigger.INITIATION_INTERVAL


def _segments() -> tuple[Rtl, int]:
    from hdl.cdc.segments.chamber import ChamberSegments
    from sim.cosim.verify_tracks import segments_rtl

    return segments_rtl(), ChamberSegments.INITIATION_INTERVAL


def _stream() -> tuple[Rtl, int]:
    from hdl.cdc.segments.stream import SegmentStream
    from sim.cosim.verify_stream import stream_rtl

    return stream_rtl(), SegmentStream.INITIATION_INTERVAL


def _hough() -> tuple[Rtl, int]:
    from hdl.cdc.hough.finder import HoughFinder
    from sim.cosim.verify_tracks import hough_rtl
    from trigger.cdc.hough import HoughPlane

    return hough_rtl(HoughPlane()), HoughFinder.INITIATION_INTERVAL


def _inputs() -> tuple[Rtl, int]:
    from sim.cosim.verify_neuro import inputs_rtl
    from trigger.cdc.hough import HoughPlane
    from trigger.cdc.neuro.windows import InputWindows

    return inputs_rtl(HoughPlane(), InputWindows())


def _neuro() -> tuple[Rtl, int]:
    from sim.cosim.verify_tracks import neuro_rtl
    from trigger.cdc.neuro.experts import ClassicExperts
    from trigger.networks import load_network
    from trigger.networks.families import CLASSIC

    network = load_network(CLASSIC).network
    assert isinstance(network, ClassicExperts)
    return neuro_rtl(list(network.experts))


def _codesign() -> tuple[Rtl, int]:
    from sim.cosim.verify_codesign import codesign_rtl
    from trigger.networks import load_network
    from trigger.networks.families import CODESIGN

    return codesign_rtl(load_network(CODESIGN).codesign)


def _stt() -> tuple[Rtl, int]:
    from sim.cosim.verify_neuro import stt_rtl
    from trigger.cdc.single_track import SingleTrackTrigger

    return stt_rtl(SingleTrackTrigger())


def _neuro_path() -> tuple[Rtl, int]:
    from sim.cosim.verify_neuro_path import neuro_path_rtl
    from trigger.networks import DEFAULT_NETWORK, load_network

    return neuro_path_rtl(load_network(DEFAULT_NETWORK))


def _tracks() -> tuple[Rtl, int]:
    from hdl.cdc.track_trigger import TrackTrigger
    from sim.cosim.verify_track_trigger import tracks_rtl
    from trigger.networks import DEFAULT_NETWORK, load_network

    return tracks_rtl(load_network(DEFAULT_NETWORK)), TrackTrigger.INITIATION_INTERVAL


def _klm() -> tuple[Rtl, int]:
    from hdl.klm import KlmTrigger
    from sim.cosim.klm import klm_rtl
    from trigger.klm import KlmParameters

    return klm_rtl(KlmParameters()), KlmTrigger.INITIATION_INTERVAL


def _klm_line() -> tuple[Rtl, int]:
    from hdl.klm_line import LineTrigger
    from sim.cosim.klm_line import line_rtl
    from trigger.klm_line import KlmLineParameters

    return line_rtl(KlmLineParameters()), LineTrigger.INITIATION_INTERVAL


def _grl() -> tuple[Rtl, int]:
    from hdl.grl.trigger import GrlTrigger
    from sim.cosim.grl import grl_rtl
    from trigger.grl import GrlParameters

    return grl_rtl(GrlParameters()), GrlTrigger.INITIATION_INTERVAL


def _menu() -> tuple[Rtl, int]:
    from hdl.menu.trigger import MenuTrigger
    from sim.cosim.menu import menu_rtl, period_of
    from trigger.chain import DEFAULT_MENU
    from trigger.menu import load_menu

    menu = load_menu(DEFAULT_MENU)
    return menu_rtl(menu, period_of(menu, None)), MenuTrigger.INITIATION_INTERVAL


def _chain() -> tuple[Rtl, int]:
    from hdl.chain import ChainTrigger
    from sim.cosim.chain import chain_rtl, rtl_chain
    from sim.cosim.verify_tracks import REUSE
    from trigger.chain import DEFAULT_MENU

    return chain_rtl(rtl_chain(DEFAULT_MENU), REUSE), ChainTrigger.INITIATION_INTERVAL


def _displaced() -> tuple[Rtl, int]:
    from hdl.displaced.trigger import DisplacedTrigger as TriggerRtl
    from sim.cosim.verify_displaced import displaced_rtl
    from trigger.displaced import DisplacedTrigger

    return displaced_rtl(DisplacedTrigger()), TriggerRtl.INITIATION_INTERVAL


def _displaced_fits() -> tuple[Rtl, int]:
    from hdl.displaced.track_fits import TrackFits
    from sim.cosim.verify_displaced_fits import fits_rtl
    from trigger.displaced import DisplacedTrigger

    return fits_rtl(DisplacedTrigger()), TrackFits.INITIATION_INTERVAL


def _displaced_vertices() -> tuple[Rtl, int]:
    from sim.cosim.stimulus.displaced_tracks import CYCLES
    from sim.cosim.verify_displaced import vertices_rtl
    from trigger.displaced import DisplacedTrigger

    rtl, _ = vertices_rtl(DisplacedTrigger())
    return rtl, CYCLES


def _displaced_network() -> tuple[Rtl, int]:
    from sim.cosim.verify_vertices import vertex_network_rtl
    from trigger.networks import DISPLACED, load_network

    return vertex_network_rtl(load_network(DISPLACED).displaced)


SHIPPED: Mapping[str, Shipped] = {
    "ecl": _ecl,
    "tracks.segments": _segments,
    "tracks.stream": _stream,
    "tracks.hough": _hough,
    "tracks.inputs": _inputs,
    "tracks.neuro": _neuro,
    "tracks.codesign": _codesign,
    "tracks.stt": _stt,
    "tracks.neuro_path": _neuro_path,
    "tracks": _tracks,
    "klm": _klm,
    "klm.line": _klm_line,
    "grl": _grl,
    "displaced.fits": _displaced_fits,
    "displaced.vertices": _displaced_vertices,
    "displaced.network": _displaced_network,
    "displaced": _displaced,
    "menu": _menu,
    "chain": _chain,
}
"""By name, in the order of the data; another block joins with its line here, and with what export and mutants need of it."""
