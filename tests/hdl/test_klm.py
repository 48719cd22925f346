"""KLM RTL == model on random events, at full rate and with gaps; latency measured."""

import numpy as np
import pytest
from amaranth.sim import Simulator

from hdl.klm import KlmTrigger
from trigger.klm import N_LAYERS, N_SECTORS, SECTORS, KlmParameters
from trigger.klm import KlmTrigger as Model

LAYERS = np.repeat((15, 15, 12, 14), SECTORS)


@pytest.mark.parametrize("parameters", [KlmParameters(), KlmParameters(min_layers=8, first_layer=0, last_layer=13)])
@pytest.mark.parametrize("largest_gap", [0, 2])
def test_rtl_equals_model(parameters: KlmParameters, largest_gap: int) -> None:
    rng = np.random.default_rng(8)
    hits = rng.random((200, N_SECTORS, N_LAYERS)) < rng.uniform(0, 0.7, (200, 1, 1))
    hits &= np.arange(N_LAYERS) < LAYERS[:, None]
    gaps = rng.integers(0, largest_gap + 1, len(hits))
    event, place, layer = hits.nonzero()
    section = np.repeat(np.arange(4), SECTORS)[place]
    number = np.concatenate([np.arange(n) for n in SECTORS])[place]
    offsets = np.searchsorted(event, np.arange(len(hits) + 1))
    expected = Model(parameters).run(offsets, section, number, layer).arrays()

    dut = KlmTrigger(parameters)
    results: list[dict[str, int]] = []
    latencies: list[int] = []

    async def bench(ctx) -> None:
        sent: list[int] = []
        cycle = 0
        for n_idle, bits in zip([*gaps, KlmTrigger.LATENCY + 2], [*hits.reshape(len(hits), -1), None], strict=True):
            for step in range(n_idle + 1):
                is_event = step == n_idle and bits is not None
                ctx.set(dut.in_valid, int(is_event))
                if is_event:
                    ctx.set(dut.in_layers, int("".join(map(str, bits[::-1].astype(int))), 2))
                    sent.append(cycle)
                await ctx.tick()
                cycle += 1
                if ctx.get(dut.out_valid):
                    latencies.append(cycle - sent[len(results)])
                    results.append({name: ctx.get(getattr(dut, f"out_{name}")) for name in expected})

    simulator = Simulator(dut)
    simulator.add_clock(1e-8)
    simulator.add_testbench(bench)
    simulator.run()

    assert len(results) == len(hits)
    assert set(latencies) == {KlmTrigger.LATENCY}
    for event_number, result in enumerate(results):
        for name, value in result.items():
            model = expected[name][event_number]
            want = int(sum(int(bit) << k for k, bit in enumerate(model))) if name == "klm_fired" else int(model)
            assert value == want, (event_number, name)
