"""HepMC and LHE files, written by pyhepmc's and pylhe's own writers, come back as particles in the laboratory."""

import gzip
import math
from pathlib import Path

import numpy as np
import pyhepmc
import pylhe
import pytest

from sim.generators.beams import NOMINAL
from sim.generators.readers import C_CM_PER_NS, InputFrame, count, iterate, read
from trigger.errors import InputError

WEIGHTS = (1.5, -0.25, 2.0)


def write_hepmc(path: Path, *, units=pyhepmc.Units.GEV, length=pyhepmc.Units.MM, fmt="hepmc3", scale=1.0) -> Path:
    """Three events: a decayed pi0 (status 2), its two photons from a displaced vertex, and a prompt muon."""
    with pyhepmc.open(str(path), "w", format=fmt) as file:
        for number, weight in enumerate(WEIGHTS):
            event = pyhepmc.GenEvent(units, length)
            event.event_number = 100 + number
            beams = [pyhepmc.GenParticle((0, 0, sign * 5.0 * scale, 5.0 * scale), 11 * sign, 4) for sign in (1, -1)]
            pion = pyhepmc.GenParticle((0, 0.3 * scale, 0.4 * scale, 0.52 * scale), 111, 2)
            muon = pyhepmc.GenParticle((1.0 * scale, 0, 2.0 * scale, (2.5 + number) * scale), 13, 1)
            photons = [pyhepmc.GenParticle((0, 0.15 * scale, 0.2 * scale, 0.26 * scale), 22, 1) for _ in range(2)]
            origin = pyhepmc.GenVertex((0.0, 0.0, 0.1, 0.0))
            decay = pyhepmc.GenVertex((1.0, 2.0, 3.0, 4.0))
            for particle in beams:
                origin.add_particle_in(particle)
            for particle in (pion, muon):
                origin.add_particle_out(particle)
            decay.add_particle_in(pion)
            for particle in photons:
                decay.add_particle_out(particle)
            event.add_vertex(origin)
            event.add_vertex(decay)
            event.weights = [weight, 99.0]
            file.write(event)
    return path


def lhe_particle(pdg: int, status: int, mother: int, p: tuple[float, float, float, float], mass: float = 0.0, life: float = 0.0):
    return pylhe.LHEParticle(pdg, status, mother, 0, 0, 0, p[0], p[1], p[2], p[3], mass, life, 9.0)


def write_lhe(path: Path) -> Path:
    """Three events gamma + A'(-> e+ e-), the A' of 3 GeV flying c tau = 20 mm with p = 4, E = 5 GeV along x."""
    init = pylhe.LHEInitInfo(11, -11, 7.0, 4.0, 0, 0, 0, 0, 3, 1)
    events = []
    for number, weight in enumerate(WEIGHTS):
        particles = [
            lhe_particle(11, -1, 0, (0, 0, 5, 5)),
            lhe_particle(-11, -1, 0, (0, 0, -5, 5)),
            lhe_particle(22, 1, 1, (-4, 0, 0, 4 + number)),
            lhe_particle(1023, 2, 1, (4, 0, 0, 5), 3.0, 20.0),
            lhe_particle(11, 1, 4, (2, 1, 0, 2.5)),
            lhe_particle(-11, 1, 4, (2, -1, 0, 2.5)),
        ]
        info = pylhe.LHEEventInfo(len(particles), 1, weight, 10.0, 0.0073, 0.1)
        events.append(pylhe.LHEEvent(info, particles))
    file = pylhe.LHEFile(pylhe.LHEInit(init, [pylhe.LHEProcInfo(1.0, 0.1, 1.0, 1)], []), events)
    file.tofile(str(path))
    return path


@pytest.mark.parametrize("name", ["events.hepmc", "events.hepmc3", "events.hepmc.gz", "events.hepmc3.gz"])
def test_hepmc3_final_state_weights_and_vertices(tmp_path, name):
    particles = read(write_hepmc(tmp_path / name))
    assert particles.offsets.tolist() == [0, 3, 6, 9]
    assert particles.pdg.tolist() == [13, 22, 22] * 3
    assert particles.weight.tolist() == list(WEIGHTS)
    np.testing.assert_allclose(particles.energy, [2.5, 0.26, 0.26, 3.5, 0.26, 0.26, 4.5, 0.26, 0.26])
    np.testing.assert_allclose(particles.vx[:3], [0.0, 0.1, 0.1])
    np.testing.assert_allclose(particles.vz[:3], [0.01, 0.3, 0.3])
    np.testing.assert_allclose(particles.t[:3], [0.0, 0.4 / C_CM_PER_NS, 0.4 / C_CM_PER_NS])


def test_hepmc2_file_and_other_units_give_the_same_events(tmp_path):
    expected = read(write_hepmc(tmp_path / "a.hepmc3"))
    assert read(write_hepmc(tmp_path / "b.hepmc2", fmt="hepmc2")) == expected
    other = read(write_hepmc(tmp_path / "c.hepmc3", units=pyhepmc.Units.MEV, scale=1000.0))
    np.testing.assert_allclose(other.px, expected.px, rtol=1e-14)
    in_cm = read(write_hepmc(tmp_path / "d.hepmc3", length=pyhepmc.Units.CM))
    np.testing.assert_allclose(in_cm.vx, 10 * expected.vx)


@pytest.mark.parametrize("name", ["events.lhe", "events.lhe.gz"])
def test_lhe_final_state_weights_and_decay_points(tmp_path, name):
    particles = read(write_lhe(tmp_path / name))
    assert particles.pdg.tolist() == [22, 11, -11] * 3
    assert particles.weight.tolist() == list(WEIGHTS)
    np.testing.assert_allclose(particles.energy[:6], [4, 2.5, 2.5, 5, 2.5, 2.5])
    # Flight length c tau p / m = 2 cm x 4 / 3, at the speed p / E.
    np.testing.assert_allclose(particles.vx[:3], [0, 8 / 3, 8 / 3])
    np.testing.assert_allclose(particles.t[:3], [0, 10 / 3 / C_CM_PER_NS, 10 / 3 / C_CM_PER_NS])
    assert not particles.vy.any()
    assert not particles.vz.any()


def test_blocks_of_a_file_are_the_file(tmp_path):
    path = write_hepmc(tmp_path / "a.hepmc3")
    blocks = list(iterate(path, block_events=2))
    assert [block.n_events for block in blocks] == [2, 1]
    whole = read(path)
    assert blocks[0] == whole.first(2)
    assert blocks[1] == whole.select(np.array([2]))


def test_frames_reach_the_laboratory(tmp_path):
    """The beam particles themselves, as an event: at rest in the CM, along z without crossing, or in the laboratory."""
    electron, positron = NOMINAL.electron_energy_gev, NOMINAL.positron_energy_gev
    half = NOMINAL.sqrt_s_gev / 2
    angle = NOMINAL.half_crossing_rad
    # Without a crossing angle sqrt(s) is larger by 1 / cos(half crossing angle): momenta differ by that much.
    for frame, up, down, tolerance in (
        (InputFrame.CM, half, half, 1e-9),
        (InputFrame.HEAD_ON, electron, positron, 2e-3),
    ):
        path = tmp_path / f"{frame.value}.hepmc3"
        with pyhepmc.open(str(path), "w") as file:
            event = pyhepmc.GenEvent(pyhepmc.Units.GEV, pyhepmc.Units.MM)
            vertex = pyhepmc.GenVertex((0, 0, 0, 0))
            vertex.add_particle_in(pyhepmc.GenParticle((0, 0, 0, 1), 11, 4))
            vertex.add_particle_out(pyhepmc.GenParticle((0, 0, up, up), 11, 1))
            vertex.add_particle_out(pyhepmc.GenParticle((0, 0, -down, down), -11, 1))
            event.add_vertex(vertex)
            file.write(event)
        lab = read(path, frame)
        np.testing.assert_allclose(lab.energy, [electron, positron], rtol=tolerance)
        np.testing.assert_allclose(lab.px, np.array([electron, positron]) * math.sin(angle), rtol=tolerance)
        np.testing.assert_allclose(lab.pz, np.array([electron, -positron]) * math.cos(angle), rtol=tolerance)


def test_vertices_move_with_the_frame(tmp_path):
    """A decay after 1 ns at rest in the CM happens in the laboratory at beta gamma c x 1 ns along the boost."""
    path = tmp_path / "rest.hepmc3"
    with pyhepmc.open(str(path), "w") as file:
        event = pyhepmc.GenEvent(pyhepmc.Units.GEV, pyhepmc.Units.CM)
        vertex = pyhepmc.GenVertex((0, 0, 0, C_CM_PER_NS))
        vertex.add_particle_in(pyhepmc.GenParticle((0, 0, 0, 1), 1023, 2))
        vertex.add_particle_out(pyhepmc.GenParticle((0, 0, 1, 1), 22, 1))
        event.add_vertex(vertex)
        file.write(event)
    lab = read(path, InputFrame.CM)
    e_sum, x, _, z = NOMINAL.total
    np.testing.assert_allclose(lab.t, e_sum / NOMINAL.sqrt_s_gev, rtol=1e-12)
    np.testing.assert_allclose(lab.vx, x / NOMINAL.sqrt_s_gev * C_CM_PER_NS, rtol=1e-12)
    np.testing.assert_allclose(lab.vz, z / NOMINAL.sqrt_s_gev * C_CM_PER_NS, rtol=1e-12)


@pytest.mark.parametrize("fraction", [0.4, 0.55, 0.7, 0.85, 0.97])
@pytest.mark.parametrize("writer", [write_hepmc, write_lhe])
def test_a_file_cut_in_mid_event_is_refused_with_file_and_event(tmp_path, writer, fraction):
    suffix = ".hepmc" if writer is write_hepmc else ".lhe"
    text = writer(tmp_path / f"whole{suffix}").read_bytes()
    cut = tmp_path / f"cut{suffix}"
    cut.write_bytes(text[: int(fraction * len(text))])
    event = text[: int(fraction * len(text))].count(b"\nE " if writer is write_hepmc else b"<event") - 1
    with pytest.raises(InputError, match=rf"cut{suffix}: .*event {event}\b"):
        read(cut)


@pytest.mark.parametrize("writer", [write_hepmc, write_lhe])
def test_a_file_cut_between_events_is_refused(tmp_path, writer):
    suffix, mark = (".hepmc", b"\nE 102") if writer is write_hepmc else (".lhe", b"<event>")
    text = writer(tmp_path / f"whole{suffix}").read_bytes()
    cut = tmp_path / f"cut{suffix}"
    cut.write_bytes(text[: text.rindex(mark) + 1])
    with pytest.raises(InputError, match="cut"):
        read(cut)


@pytest.mark.parametrize("writer", [write_hepmc, write_lhe])
def test_a_cut_gzip_file_is_refused(tmp_path, writer):
    suffix = ".hepmc" if writer is write_hepmc else ".lhe"
    data = gzip.compress(writer(tmp_path / f"whole{suffix}").read_bytes())
    path = tmp_path / f"cut{suffix}.gz"
    path.write_bytes(data[: int(0.8 * len(data))])
    with pytest.raises(InputError, match=rf"cut{suffix}.gz"):
        read(path)


def test_a_damaged_line_in_the_middle_is_refused_with_its_event(tmp_path):
    path = write_hepmc(tmp_path / "a.hepmc")
    lines = path.read_text().splitlines()
    del lines[[number for number, line in enumerate(lines) if line.startswith("P")][8]]
    path.write_text("\n".join(lines) + "\n")
    with pytest.raises(InputError, match="event 1 is damaged"):
        read(path)


@pytest.mark.parametrize("writer", [write_hepmc, write_lhe])
def test_momenta_that_are_not_a_number_are_refused(tmp_path, writer):
    path = writer(tmp_path / ("a.hepmc" if writer is write_hepmc else "a.lhe"))
    text = path.read_text()
    energy = "4.5000000000000000e+00" if writer is write_hepmc else "6.00000000e+00"
    where = text.rindex(energy)
    path.write_text(text[:where] + "nan" + text[where + len(energy) :])
    with pytest.raises(InputError, match="event 2: momenta, energies and vertices must be finite"):
        read(path)


@pytest.mark.parametrize("name", ["a.hepmc", "a.lhe", "a.hepmc3.gz", "a.lhe.gz"])
def test_foreign_empty_and_missing_files_are_refused(tmp_path, name):
    path = tmp_path / name
    pack = gzip.compress if name.endswith(".gz") else bytes
    with pytest.raises(InputError, match="no such file"):
        read(path)
    for content in (b"", b"PK\x03\x04 no events here\n" * 50):
        path.write_bytes(pack(content))
        with pytest.raises(InputError, match=rf"{name}: "):
            read(path)


def test_a_listing_without_events_is_refused(tmp_path):
    path = tmp_path / "none.hepmc3"
    path.write_text("HepMC::Version 3.02.05\nHepMC::Asciiv3-START_EVENT_LISTING\nHepMC::Asciiv3-END_EVENT_LISTING\n")
    with pytest.raises(InputError, match="holds no events"):
        read(path)


def test_event_lines_across_chunks_are_counted(tmp_path, monkeypatch):
    path = write_hepmc(tmp_path / "a.hepmc3")
    start = path.read_bytes().index(b"\nE 101")
    for size in range(start, start + 4):
        monkeypatch.setattr("sim.generators.hepmc._CHUNK", size)
        assert count(path) == len(WEIGHTS)


def test_unknown_suffix_is_refused(tmp_path):
    path = tmp_path / "events.txt"
    path.write_text("x")
    with pytest.raises(InputError, match="name must end in"):
        read(path)


@pytest.mark.parametrize("writer", [write_hepmc, write_lhe])
def test_count_agrees_with_reading(tmp_path, writer):
    path = writer(tmp_path / ("a.hepmc.gz" if writer is write_hepmc else "a.lhe.gz"))
    assert count(path) == read(path).n_events == len(WEIGHTS)
    path.write_bytes(path.read_bytes()[:-40])
    with pytest.raises(InputError, match=path.name):
        count(path)
