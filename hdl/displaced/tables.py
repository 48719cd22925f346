"""The tables of fit and line as memories; the tables are made by `trigger.displaced.fit_tables`."""

import numpy as np
from amaranth.hdl import Elaboratable, Module

from hdl.displaced.rom import Rom
from trigger.displaced.fit_tables import N_TIMES, fit_tables, seed_tables
from trigger.displaced.grid import SeedGrid


class FitMemories(Elaboratable):
    """Memories that all lanes read; each lane has ports of its own.

    Attributes:
        centre: by row of the seed grid: azimuths, roads and windows around the cell. step: by row and missing superlayer: the first
            step. around: by row of the fit: what is linear around it. second: by row of the fit and missing superlayer: the second
            step. points: by row of the fit: weights of points in z. line: by row of the fit: the line through them.
        time: by drift time.
    """

    def __init__(self, grid: SeedGrid) -> None:
        seed, fit = seed_tables(grid), fit_tables()
        self.centre = Rom({name: getattr(seed, name) for name in ("azimuth", "road", "start", "width", "bend", "impact")})
        self.step = Rom({"move": seed.move.mantissa, "share": seed.share}, 2)
        names = ("azimuth", "stereo_azimuth", "per_drift", "stereo_per_drift", "bend", "impact")
        self.around = Rom({name: getattr(fit, name) for name in names})
        shift = fit.move.shift
        self.move_shifts = range(int(shift.min()), int(shift.max()) + 1)
        self.second = Rom(
            {"residual": fit.residual, "move": fit.move.mantissa, "shift": shift - shift.min(), "stereo": fit.stereo}, 2
        )
        self.points = Rom({"weight": fit.weight, "offset": fit.offset})
        shift = fit.line.shift
        self.line_shifts = range(int(shift.min()), int(shift.max()) + 1)
        self.line = Rom({"line": fit.line.mantissa, "shift": shift - shift.min()})
        self.time = Rom({"drift": fit.drift})
        self.step_shifts = [int(one) for one in np.unique(seed.move.shift.reshape(-1, 3), axis=0)[0]]

    def elaborate(self, platform: object) -> Module:
        m = Module()
        for name in ("centre", "step", "around", "second", "points", "line", "time"):
            m.submodules[name] = getattr(self, name).memory
        return m


LAST_TIME = N_TIMES - 1
