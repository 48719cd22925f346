"""Steering file for basf2 that writes the branches which darktrigger reads; run it with basf2, not with Python.

    basf2 basf2_steering.py -i raw_or_mdst.root -o for_darktrigger.root

Input: raw data, or simulated events with the detector's digits. Untested on real data. Branches that the input cannot give are
left out; darktrigger says which blocks run without them. Names of modules and objects: basf2 (read in public source).
"""

BRANCHES = [
    "EventMetaData",
    "EventLevelTriggerTimeInfo",
    "TRGSummary",
    "TRGECLUnpackerStores",
    "TRGECLHits",
    "CDCHits",
    "CDCHits4Trg",
    "KLMDigits",
]
"""DataStore objects that are written to the TTree `tree`."""
DETECTORS = ["TRG", "CDC", "KLM"]
"""Whose raw data are unpacked."""


def main() -> None:
    """Build the path and process all events of the input."""
    import basf2
    from rawdata import add_unpackers

    path = basf2.create_path()
    path.add_module("RootInput")
    path.add_module("Gearbox")
    path.add_module("Geometry")
    add_unpackers(path, components=DETECTORS)
    path.add_module("RootOutput", branchNames=BRANCHES, updateFileCatalog=False)
    path.add_module("Progress")
    basf2.process(path)
    print(basf2.statistics)


if __name__ == "__main__":
    main()
