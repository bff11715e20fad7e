"""A finished run, or several side by side, as one HTML file."""

from mmtin.report.page import render_page
from mmtin.report.run import Run, read_run

__all__ = ['Run', 'read_run', 'render_page']
