"""Small data sets of real videos whose classes differ in the arrow of time.

A clip shows one polygon that moves, grows or turns over a shaking texture, among discs that wander about
and carry no label. Classes come in pairs, the second being the first played backwards. The frames of a
pair, taken one by one, so have the same distribution: a network that averages what it makes of single
frames can tell the pairs apart but must guess within them; one that sees their order can be right every
time. In the easy set the motion fills every clip alike; in the hard one nothing is alike. In the far
set two short events, a third to three quarters of a clip apart, tell the class by their order.
"""

from mmtin.datasets.synthetic.classes import CLASSES
from mmtin.datasets.synthetic.writing import CLASSES_OF, DIFFICULTIES, write_dataset

__all__ = ['CLASSES', 'CLASSES_OF', 'DIFFICULTIES', 'write_dataset']
