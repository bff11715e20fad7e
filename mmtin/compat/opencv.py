"""OpenCV, whose usual builds load the graphics libraries of the system."""


def check_loads() -> None:
    """Say what OpenCV lacks where there are no graphics libraries, as in the image python:slim.

    Its own error names the first library alone. mmcv and mmaction2 ask for the builds with windows, so that
    pip installs those. Stays for good: it is how mmtin speaks to users.

    Raises:
        ImportError: one sentence with the lines that mend it.
    """
    try:
        import cv2  # noqa: F401
    except ImportError as error:
        if 'cannot open shared object file' not in str(error):
            raise
        raise ImportError(
            f'OpenCV does not load ({error}); mend it with: '
            'apt-get install -y libxcb1 libgl1 libglib2.0-0, '
            'or take the build without windows: pip uninstall -y opencv-python opencv-contrib-python && '
            'pip install opencv-contrib-python-headless'
        ) from None
