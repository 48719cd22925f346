"""Export of the ECL trigger, with its thresholds as constants or in registers."""

from __future__ import annotations

from fractions import Fraction

import numpy as np

from sim.cosim import ecl
from sim.cosim.export_golden import one_answer_each
from sim.cosim.export_order import Exported, Input, Order, Settings, registers
from sim.cosim.export_registers import BUS, HELD, with_bus, writes
from sim.cosim.rtl import rtl_of
from sim.cosim.stimulus.mix import ecl_mix
from sim.cosim.workload import make_block
from trigger.ecl import EclCalibration, EclParameters, EclTrigger
from trigger.ecl.calibration import ADC_BITS
from trigger.ecl.layout import DECISION_FIELDS as ECL_FIELDS
from trigger.ecl.parameters import Unit, declared_parameters

BLOCK = "ecl"
_SHARE, _DEGREES, _FLIPPED = 0.2, 10, 1 / 8
"""What golden vectors write: energies within so much of their part, angles within so many degrees, so many bits of a mask."""
_STEP = 1000


def export_ecl(order: Order) -> Exported:
    """One window every 16 cycles, decided by the ETM parameters."""
    if order.settings is Settings.REGISTERS:
        return _in_registers(order)
    from hdl.ecl.trigger import EclTrigger as Component

    parameters, calibration = ecl_settings(order)
    trigger = EclTrigger(parameters, calibration)
    events = make_block(ecl_mix(trigger.thresholds), trigger, order.seed, 0, order.n_events)
    return Exported(
        component=Component,
        rtl=ecl.ecl_rtl(parameters, calibration),
        interval=Component.INITIATION_INTERVAL,
        inputs=ecl_inputs(),
        fields=ECL_FIELDS,
        golden=one_answer_each(ecl.records(events.windows, events.idle), events.decisions),
        registers=registers(BLOCK, ecl=trigger.thresholds),
    )


def _in_registers(order: Order) -> Exported:
    """Thresholds in registers: half of the windows with the defaults, half with others that were written between them."""
    from hdl.export_ecl import RegisterEcl as Component

    parameters, calibration = ecl_settings(order)
    half = order.n_events // 2
    triggers = (EclTrigger(parameters, calibration), EclTrigger(varied(parameters, order.rng(BLOCK)), calibration))
    maps = [registers(BLOCK, ecl=trigger.thresholds) for trigger in triggers]
    parts = [
        make_block(ecl_mix(trigger.thresholds), trigger, order.seed, number, n_events)
        for number, (trigger, n_events) in enumerate(zip(triggers, (half, order.n_events - half), strict=True))
    ]
    component, declared = Component(maps[0], calibration), with_bus(ecl.ports())
    parts[0].idle[-1:] = component.LATENCY
    stimuli = [ecl.records(part.windows, part.idle, declared) for part in parts]
    return Exported(
        component=Component,
        rtl=rtl_of(component, component.LATENCY, declared, (maps[0], calibration, ECL_FIELDS)),
        interval=Component.INITIATION_INTERVAL,
        inputs=ecl_inputs() | BUS,
        fields=ECL_FIELDS,
        golden=one_answer_each(
            np.concatenate([stimuli[0], writes(declared, maps[1]), stimuli[1]]),
            {name: np.concatenate([part.decisions[name] for part in parts]) for name in parts[0].decisions},
        ),
        registers=maps[0],
        settings=Settings.REGISTERS,
        held=HELD,
    )


def varied(parameters: EclParameters, rng: np.random.Generator) -> EclParameters:
    """Other parameters near these: every energy, angle, number, theta id and mask may change; factors stay."""
    changes: dict[str, object] = {}
    for one in declared_parameters():
        value = parameters[one.key]
        match one.unit:
            case Unit.GEV_LAB | Unit.GEV_CM:
                changes[one.key] = value * Fraction(round(_STEP * rng.uniform(1 - _SHARE, 1 + _SHARE)), _STEP)
            case Unit.DEG:
                changes[one.key] = max(value + int(rng.integers(-_DEGREES, _DEGREES + 1)), Fraction(0))
            case Unit.COUNT:
                changes[one.key] = max(value + int(rng.integers(-1, 2)), Fraction(1))
            case Unit.THETA_ID:
                changes[one.key] = min(max(value + int(rng.integers(-1, 2)), Fraction(1)), Fraction(17))
            case Unit.MASK:
                flipped = sum(1 << bit for bit in np.flatnonzero(rng.random(17) < _FLIPPED).tolist())
                changes[one.key] = int(value) ^ flipped
    return parameters.replace(**changes)


def ecl_settings(order: Order) -> tuple[EclParameters, EclCalibration]:
    """Parameters and calibration of an order."""
    parameters = EclParameters.default() if order.parameters is None else EclParameters.from_toml(order.parameters)
    return parameters, EclCalibration() if order.calibration is None else EclCalibration.from_toml(order.calibration)


def ecl_inputs() -> dict[str, Input]:
    """Meaning and layout of the cells' ports."""
    from amaranth.hdl import signed
    from amaranth.lib.data import ArrayLayout

    layout = ecl.beats()
    return {
        "in_first": Input(meaning="the beat opens a window"),
        "in_start": Input(
            meaning="start of the window relative to the nominal event time, 1/128 of the ECL clock, with the first beat",
            shape=signed(layout.START_BITS),
        ),
        "in_adc": Input(
            meaning=f"energies of {layout.N_LANES} trigger cells in id order, LSB 5.25 MeV",
            shape=ArrayLayout(ADC_BITS, layout.N_LANES),
        ),
        "in_time": Input(
            meaning="their times from the start of the window, 1/128 of the ECL clock; 0 without a hit",
            shape=ArrayLayout(layout.TIME_BITS, layout.N_LANES),
        ),
    }
