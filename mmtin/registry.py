"""The scope ``mmtin``: another name for MMAction2's registries.

mmtin registers its modules in MMAction2's own registries, so that ``type='TINResNet'`` builds there.
mmengine resolves ``type='mmtin.TINResNet'`` by importing this module, which makes ``import mmtin``
happen in configs that name nothing else of it, and by asking a child registry of this scope. The
children are empty: what they lack they look up in their parent.
"""

from mmaction import registry as mmaction
from mmengine.registry import Registry

for _parent in (
    mmaction.MODELS,
    mmaction.DATASETS,
    mmaction.TRANSFORMS,
    mmaction.METRICS,
    mmaction.HOOKS,
):
    Registry(_parent.name, parent=_parent, scope='mmtin')
