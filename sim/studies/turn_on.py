# Ref: binomial likelihood of counts; error-function turn-on on a floor.
"""Fit of a trigger turn-on: energy at half plateau, width, plateau and floor from counts in energy bins."""

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
from iminuit import Minuit
from numpy.typing import ArrayLike, NDArray
from scipy import optimize, special

MIN_EFFICIENCY = 1e-9
"""Floor and distance to one of the fitted efficiency (our choice: keeps the logarithms finite, far below 1/n)."""

MAX_FLOOR = 0.5
"""Largest floor that a fit may return (our choice: above it there is no turn-on left to fit)."""

START_FLOOR = 1e-4
"""Floor at which the fit starts, when it is free (our choice: inside its limits)."""


@dataclass(frozen=True, kw_only=True)
class TurnOn:
    """Fitted eps(E) = floor + (plateau - floor)/2 [1 + erf((E - e50) / (sqrt2 width))]; GeV, errors of one sigma.

    ``plateau_low`` and ``plateau_high`` are where -2 ln L rises by one with the other parameters held; they stay inside
    0..1. ``deviance`` compares the fit with the saturated model over ``bins`` bins with entries.
    """

    e50: float
    e50_error: float
    width: float
    width_error: float
    plateau: float
    plateau_low: float
    plateau_high: float
    floor: float
    deviance: float
    bins: int
    events: int
    valid: bool

    def energy_at(self, fraction: float) -> float:
        """Energy in GeV at which the efficiency has climbed ``fraction`` of the way from the floor to the plateau."""
        if not 0 < fraction < 1:
            msg = f"fraction must be between 0 and 1, not {fraction}"
            raise ValueError(msg)
        return self.e50 + self.width * float(special.ndtri(fraction))

    def __call__(self, energy_gev: ArrayLike) -> NDArray[np.float64]:
        """Efficiency at these energies."""
        rise = special.ndtr((np.asarray(energy_gev, dtype=float) - self.e50) / self.width)
        return self.floor + (self.plateau - self.floor) * rise

    @property
    def width_10_90(self) -> float:
        """Energy step in GeV between 10 % and 90 % of the climb."""
        return self.energy_at(0.9) - self.energy_at(0.1)


def _antiderivative(x: NDArray[np.float64]) -> NDArray[np.float64]:
    """Integral of the standard normal cumulative function."""
    return x * special.ndtr(x) + np.exp(-0.5 * x**2) / np.sqrt(2 * np.pi)


def mean_in_bins(
    edges_gev: NDArray[np.float64], e50: float, width: float, plateau: float, floor: float = 0.0
) -> NDArray[np.float64]:
    """Efficiency averaged over each bin with a flat spectrum inside, so that a bin may be as wide as the turn-on."""
    x = (edges_gev - e50) / width
    return floor + (plateau - floor) * np.diff(_antiderivative(x)) / np.diff(x)


def _log_likelihood(k: NDArray[np.int64], n: NDArray[np.int64], eps: NDArray[np.float64]) -> float:
    eps = np.clip(eps, MIN_EFFICIENCY, 1 - MIN_EFFICIENCY)
    return float(np.sum(special.xlogy(k, eps) + special.xlog1py(n - k, -eps)))


def fit_turn_on(edges_gev: ArrayLike, passed: ArrayLike, total: ArrayLike, *, floor: bool = False) -> TurnOn:
    """Maximum of the binomial likelihood over bins: -2 sum[k ln eps + (n - k) ln(1 - eps)].

    ``edges_gev`` increases and has one entry more than the counts. Bins without entries are left out. ``floor`` lets a
    constant efficiency below the turn-on float (triggers by background); else it is 0. At least four bins with
    entries and one passed event are needed, else ValueError.
    """
    edge = np.asarray(edges_gev, dtype=float)
    k, n = np.asarray(passed, dtype=np.int64), np.asarray(total, dtype=np.int64)
    if not (edge.size == k.size + 1 == n.size + 1):
        msg = f"edges must be one more than the bins, not {edge.size} edges for {k.size} passed and {n.size} total"
        raise ValueError(msg)
    used = n > 0
    if used.sum() < 4 or k.sum() == 0:
        msg = f"a turn-on fit needs four bins with entries and a passed event, not {used.sum()} and {k.sum()}"
        raise ValueError(msg)

    def cost(e50: float, width: float, plateau: float, floor: float) -> float:
        return -2 * _log_likelihood(k[used], n[used], mean_in_bins(edge, e50, width, plateau, floor)[used])

    e50, width, plateau = _start(edge, k, n)
    minuit = Minuit(cost, e50=e50, width=width, plateau=plateau, floor=START_FLOOR if floor else 0.0)
    span = float(edge[-1] - edge[0])
    minuit.limits["e50"] = (edge[0] - span, edge[-1] + span)
    minuit.limits["width"] = (1e-5 * span, span)
    minuit.limits["plateau"] = (0.0, 1.0)
    minuit.limits["floor"] = (0.0, MAX_FLOOR)
    minuit.fixed["floor"] = not floor
    minuit.errordef = Minuit.LIKELIHOOD * 2
    minuit.strategy = 2
    minuit.migrad()
    low, high = _plateau_bounds(minuit)
    best = float(minuit.fval or 0.0)
    return TurnOn(
        e50=float(minuit.values["e50"]),
        e50_error=float(minuit.errors["e50"]),
        width=float(minuit.values["width"]),
        width_error=float(minuit.errors["width"]),
        plateau=float(minuit.values["plateau"]),
        plateau_low=low,
        plateau_high=high,
        floor=float(minuit.values["floor"]),
        deviance=best + 2 * _log_likelihood(k[used], n[used], k[used] / n[used]),
        bins=int(used.sum()),
        events=int(n.sum()),
        valid=bool(minuit.valid),
    )


def half_width_16_84(edges_gev: ArrayLike, passed: ArrayLike, total: ArrayLike, plateau: float) -> float:
    """Half the energy step in GeV from 16 % to 84 % of the plateau, without any curve: for a Gaussian turn-on its width.

    Points are replaced by the nearest rising curve, and interpolated between bin centres. NaN if the efficiency does not
    cross both.
    """
    edge = np.asarray(edges_gev, dtype=float)
    k, n = np.asarray(passed, dtype=np.int64), np.asarray(total, dtype=np.int64)
    used = n > 0
    centre = ((edge[1:] + edge[:-1]) / 2)[used]
    # the rising curve nearest to the points, so that fluctuations do not cross a level twice
    ratio = optimize.isotonic_regression(k[used] / n[used] / plateau, weights=n[used]).x
    found = []
    for level in special.ndtr([-1.0, 1.0]):
        above = np.flatnonzero(ratio >= level)
        if above.size == 0 or above[0] == 0:
            return float("nan")
        right = above[0]
        step = (level - ratio[right - 1]) / (ratio[right] - ratio[right - 1])
        found.append(centre[right - 1] + step * (centre[right] - centre[right - 1]))
    return float(found[1] - found[0]) / 2


def _start(edge: NDArray[np.float64], k: NDArray[np.int64], n: NDArray[np.int64]) -> tuple[float, float, float]:
    """Start values (e50, width, plateau): the upper quarter of the bins, and where 16, 50 and 84 % of it are passed."""
    centre = (edge[1:] + edge[:-1]) / 2
    top = slice(-max(n.size // 4, 1), None)
    plateau = float(np.clip(k[top].sum() / max(int(n[top].sum()), 1), 0.05, 0.999))
    ratio = np.divide(k, n, out=np.zeros(n.size), where=n > 0) / plateau
    rising = np.maximum.accumulate(np.where(n > 0, ratio, 0.0))
    low, middle, high = (float(centre[min(int(np.searchsorted(rising, f)), n.size - 1)]) for f in (0.16, 0.5, 0.84))
    return middle, max((high - low) / 2, float(np.diff(edge).min()) / 2), plateau


def _plateau_bounds(minuit: Minuit) -> tuple[float, float]:
    at_minimum = float(minuit.fval or 0.0)
    e50, width, best, floor = (float(minuit.values[name]) for name in ("e50", "width", "plateau", "floor"))

    def rise(plateau: float) -> float:
        return float(minuit.fcn([e50, width, plateau, floor])) - at_minimum - 1.0

    return _crossing(rise, best, 0.0), _crossing(rise, best, 1.0)


def _crossing(rise: Callable[[float], float], inside: float, outside: float) -> float:
    """Point between ``inside`` (rise <= 0) and ``outside`` at which rise changes sign; ``outside`` if it does not."""
    if rise(outside) <= 0:
        return outside
    for _ in range(60):
        middle = (inside + outside) / 2
        inside, outside = (middle, outside) if rise(middle) <= 0 else (inside, middle)
    return inside
