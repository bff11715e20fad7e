"""Small data sets of real videos whose classes differ in the arrow of time.

A clip shows one polygon that moves, grows or turns over a shaking texture, among discs that move without
any relation to the class. Classes come in pairs; the second is the first played backwards. Single frames of
a pair have the same distribution: a network that averages over single frames can tell the pairs apart but
must guess within them; one that uses their order can always be right. In the easy set the motion fills
every clip. In the hard set speed, frame rate and extent of the motion vary. In the far set the class is the
order of two short events, a third to three quarters of a clip apart.
"""

from mmtin.datasets.synthetic.classes import CLASSES
from mmtin.datasets.synthetic.writing import CLASSES_OF, DIFFICULTIES, write_dataset

__all__ = ['CLASSES', 'CLASSES_OF', 'DIFFICULTIES', 'write_dataset']
