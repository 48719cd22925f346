"""The neuro trigger: input stage and network. A 2D track and the stereo segments of its frame in, z and theta out."""

from collections.abc import Sequence

from amaranth.hdl import Module, Mux, Signal, Value
from amaranth.lib import wiring
from amaranth.lib.wiring import Out

from hdl.cdc.neuro.codesign import CodesignMlp
from hdl.cdc.neuro.inputs import NeuroInputs
from hdl.cdc.neuro.mlp import ClassicMlp
from hdl.cdc.neuro.pipeline import carried
from hdl.cdc.neuro.weights import WeightStore
from hdl.fixed import shape
from hdl.logic import delayed
from trigger.cdc import neuro
from trigger.cdc.neuro.formats import NODE
from trigger.cdc.neuro.inputs import EXPERT_MISSING

NetworkRtl = ClassicMlp | CodesignMlp


def network_rtl(network: neuro.NeuroNetwork, *, reuse: int, store: WeightStore = WeightStore.MEMORY) -> NetworkRtl:
    """The component of a network. store: of the weights of the classic experts; TypeError for a family without RTL."""
    if isinstance(network, neuro.ClassicExperts):
        return ClassicMlp(network.experts, reuse=reuse, store=store)
    if isinstance(network, neuro.CodesignNetwork):
        return CodesignMlp(network, reuse=reuse)
    msg = f"network must be ClassicExperts or CodesignNetwork, not {type(network).__name__}"
    raise TypeError(msg)


class NeuroTrigger(wiring.Component):
    """z and theta of 2D tracks, domain sync at the system clock.

    networks: copies of one network, which take the tracks in turn; as many as the network's own interval in cycles serve a track
    in every cycle.

    Ports:
        in_*: those of `NeuroInputs`. Tracks must be at least `INITIATION_INTERVAL` cycles apart.
        out_valid: one cycle per track, `LATENCY` cycles after it. The rest means something with it only.
        out_has_expert, out_expert: the network that answered. out_z, out_theta: 0 without.
    """

    def __init__(self, inputs: NeuroInputs, networks: Sequence[NetworkRtl]) -> None:
        if len({(type(one), one.LATENCY, one.INITIATION_INTERVAL) for one in networks}) != 1:
            msg = f"networks must be copies of one network, not {len(networks)} with different latencies or intervals"
            raise ValueError(msg)
        self._inputs, self._networks = inputs, list(networks)
        self.LATENCY = inputs.LATENCY + networks[0].LATENCY
        self.INITIATION_INTERVAL = max(-(-networks[0].INITIATION_INTERVAL // len(networks)), inputs.INITIATION_INTERVAL)
        taken = {name: member for name, member in inputs.signature.members.items() if name.startswith("in_")}
        super().__init__(
            {
                **taken,
                "out_valid": Out(1),
                "out_has_expert": Out(1),
                "out_expert": Out(range(len(EXPERT_MISSING))),
                "out_z": Out(shape(NODE)),
                "out_theta": Out(shape(NODE)),
            }
        )

    def elaborate(self, platform: object) -> Module:
        m = Module()
        m.submodules.inputs = inputs = self._inputs
        for name in inputs.signature.members:
            if name.startswith("in_"):
                m.d.comb += Value.cast(getattr(inputs, name)).eq(getattr(self, name))
        turn = Signal(range(max(len(self._networks), 2)))
        with m.If(inputs.out_valid):
            m.d.sync += turn.eq(Mux(turn == len(self._networks) - 1, 0, turn + 1))
        z, theta = Signal(shape(NODE)), Signal(shape(NODE))
        for k, network in enumerate(self._networks):
            m.submodules[f"network_{k}"] = network
            m.d.comb += [network.in_valid.eq(inputs.out_valid & (turn == k)), network.in_x.eq(inputs.out_x)]
            if isinstance(network, ClassicMlp):
                m.d.comb += network.in_expert.eq(inputs.out_expert)
            with m.If(network.out_valid):
                m.d.comb += [z.eq(network.out_z), theta.eq(network.out_theta)]
        wait = self._networks[0].LATENCY
        has_expert = carried(m, inputs.out_has_expert, wait, "has_expert")
        m.d.comb += [
            self.out_valid.eq(delayed(m, inputs.out_valid, wait, "valid")),
            self.out_has_expert.eq(has_expert),
            self.out_expert.eq(carried(m, inputs.out_expert, wait, "expert")),
            self.out_z.eq(Mux(has_expert, z, 0)),
            self.out_theta.eq(Mux(has_expert, theta, 0)),
        ]
        return m
