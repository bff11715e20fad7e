"""The scope ``mmtin``: another name for MMAction2's registries.

mmtin registers its modules in MMAction2's own registries, so that ``type='TINResNet'`` builds there
once mmtin is imported: by ``custom_imports = dict(imports='mmtin')`` or ``default_scope = 'mmtin'`` in a
config. The latter, and ``type='mmtin.TINResNet'``, make mmengine import this module and ask a child
registry of this scope, which asks its parent.

``type='mmtin.TINResNet'`` alone comes too late with mmaction2 1.2.0 from PyPI: MMAction2's registry
imports ``mmaction.models``, which fails without :mod:`mmtin.compat`, before it looks at the scope.
"""

from mmaction import registry as mmaction
from mmengine.registry import Registry


class Alias(Registry):
    """A scope with the entries of its parent; mmengine by itself would look up ``mmtin.X`` in the child
    alone."""

    def get(self, key: str) -> type | None:
        return self.parent.get(key.removeprefix(f'{self.scope}.'))


for _parent in (
    mmaction.MODELS,
    mmaction.DATASETS,
    mmaction.DATA_SAMPLERS,
    mmaction.TRANSFORMS,
    mmaction.METRICS,
    mmaction.HOOKS,
    mmaction.LOOPS,
):
    Alias(_parent.name, parent=_parent, scope='mmtin')
