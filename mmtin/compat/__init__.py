"""Remedies for all upstream faults that matter, and differences between versions, in one place.

``import mmtin`` calls :func:`apply`. Each remedy applies only where its fault can be present, and says what
it mends, where the fault is reported, which versions have it and when it may go. No other room of mmtin
changes a foreign module or asks for its version.
"""


def apply() -> None:
    """Apply every remedy; calling it again changes nothing.

    Raises:
        ImportError: if a version does not fit or OpenCV does not load; one sentence with what mends it.
    """
    from mmtin.compat.opencv import check_loads
    from mmtin.compat.python import restore_find_loader
    from mmtin.compat.versions import check_versions

    check_versions()
    check_loads()
    restore_find_loader()

    # These import the checked modules, which need numpy's names and the loader.
    from mmtin.compat import mmaction, mmaction_transforms, mmengine, numpy

    numpy.restore_names()
    mmaction.accept_newer_mmcv()
    mmaction.provide_missing_drn()
    mmaction.import_models_quietly()
    mmaction.score_in_float32()
    mmaction.refuse_joined_clips()
    mmaction.shift_in_fewer_stages()
    mmaction.import_scipy_stats_late()
    mmaction.overlap_tubes_on_numpy_2()
    mmaction_transforms.jitter_hue_on_numpy_2()
    mmaction_transforms.invert_horizontal_flow_alone()
    mmaction_transforms.copy_frames_of_arrays()
    mmengine.resolve_torchvision_addresses()
    mmengine.find_own_configs()
    mmengine.format_configs_once()
    mmengine.resume_sharded_optimizers()
    mmengine.keep_rates_in_one_cycle()
