"""The ECL trigger: beats of a 250 ns window in, the complete decision out."""

from amaranth.hdl import Module, Signal, signed
from amaranth.lib import wiring
from amaranth.lib.wiring import In, Out

from hdl.ecl import cluster_decision, window_decision
from hdl.ecl.beats import N_BEATS, N_LANES, START_BITS, TIME_BITS
from hdl.ecl.cluster_decision import ClusterDecision
from hdl.ecl.clusters import Clusters
from hdl.ecl.mutant import Mutant, mutated
from hdl.ecl.seed_order import SeedOrder
from hdl.ecl.seeds import Seeds
from hdl.ecl.window import WindowReceiver
from hdl.ecl.window_decision import WindowDecision
from hdl.ecl.word import pack
from hdl.logic import delayed
from trigger.ecl.calibration import ADC_BITS, EclCalibration
from trigger.ecl.layout import DECISION_FIELDS
from trigger.ecl.parameters import EclParameters
from trigger.ecl.thresholds import EclThresholds


class EclTrigger(wiring.Component):
    """Decision of every complete window, in domain sync at the system clock.

    Ports:
        in_valid, in_first: a beat is taken when `in_valid`; with `in_first` it opens a window and drops an unfinished one. 16
            beats are a window; gaps between beats are allowed, beats outside a window are ignored.
        in_adc: 36 counts of 12 bits, beat b carrying tc ids 36 b + 1 to 36 b + 36, the first in the lowest bits.
        in_time: their times from the start of the window, raw, 0 where there is no hit; all 0 for input without times.
        in_start: start of the window relative to the nominal event time, raw, sampled with the first beat.
        out_valid: one cycle per window. Each `out_<field>` holds the elements of a decision field, element 0 in the lowest bits,
            and means something with `out_valid` only. A window without a hit answers 0 in all of them.

    `LATENCY` counts the cycles from the last beat to `out_valid`.
    """

    LATENCY = (
        WindowReceiver.LATENCY
        + Seeds.LATENCY
        + SeedOrder.LATENCY
        + (SeedOrder.N_SLOTS - 1)
        + Clusters.LATENCY
        + ClusterDecision.LATENCY
    )
    INITIATION_INTERVAL = N_BEATS

    def __init__(
        self,
        *,
        thresholds: EclThresholds | None = None,
        calibration: EclCalibration | None = None,
        mutant: Mutant | None = None,
    ) -> None:
        self.thresholds = thresholds or EclThresholds.from_parameters(EclParameters.default())
        self.calibration = calibration or EclCalibration()
        self.mutant = mutant
        super().__init__(
            {
                "in_valid": In(1),
                "in_first": In(1),
                "in_adc": In(ADC_BITS * N_LANES),
                "in_time": In(TIME_BITS * N_LANES),
                "in_start": In(signed(START_BITS)),
                "out_valid": Out(1),
                **{f"out_{field.name}": Out(field.length * field.width) for field in DECISION_FIELDS},
            }
        )

    def elaborate(self, platform: object) -> Module:
        m = Module()
        m.submodules.receiver = receiver = WindowReceiver(self.calibration)
        m.submodules.seeds = seeds = Seeds()
        m.submodules.order = order = SeedOrder()
        m.submodules.clusters = clusters = Clusters()
        m.submodules.of_window = of_window = WindowDecision(self.thresholds)
        m.submodules.of_clusters = of_clusters = ClusterDecision(self.thresholds, self.mutant)
        for name in ("in_valid", "in_first", "in_adc", "in_time", "in_start"):
            m.d.comb += getattr(receiver, name).eq(getattr(self, name))
        for part in (seeds, clusters, of_window):
            wiring.connect(m, receiver.row, part.row)

        more_seeds = Signal()
        with m.If(order.ended):
            m.d.sync += more_seeds.eq(order.more)
        m.d.comb += [
            order.start.eq(seeds.done),
            order.seeds.eq(seeds.seeds),
            clusters.seed_slot.eq(order.slot),
            clusters.seed_valid.eq(order.valid),
            clusters.seed.eq(order.address),
            of_window.hits.eq(seeds.hits),
            of_window.complete.eq(seeds.complete),
            of_window.seeds.eq(seeds.seeds),
            of_window.seeds_done.eq(seeds.done),
            of_clusters.slot.eq(clusters.slot),
            of_clusters.index.eq(clusters.index),
            of_clusters.cluster.eq(clusters.cluster),
            of_clusters.hit.eq(of_window.hit),
            of_clusters.more_seeds.eq(more_seeds),
            of_clusters.ephys.eq(of_window.ephys_adc),
            of_clusters.etotal.eq(of_window.etotal_adc),
        ]
        values = {f"ecl_{name}": getattr(of_window, name) for name in window_decision.FIELDS}
        values |= {f"ecl_{name}": getattr(of_clusters, name) for name in cluster_decision.FIELDS}
        values["ecl_word"] = pack({"hit": of_window.hit, **values})
        m.d.comb += [getattr(self, f"out_{field.name}").eq(values[field.name]) for field in DECISION_FIELDS]
        late = mutated(self.mutant, Mutant.LATE_OUTPUT, 0, 1)
        m.d.comb += self.out_valid.eq(delayed(m, of_clusters.done, late, "late"))
        return m
