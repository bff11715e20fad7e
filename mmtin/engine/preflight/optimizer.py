"""Check the optimizer of a training."""

from numbers import Real

from mmaction.registry import OPTIMIZERS
from mmengine.config import Config
from mmengine.registry import init_default_scope

from mmtin.engine.wrong_entries import no_such_type
from mmtin.errors import UserError


def check_optimizer(cfg: Config) -> None:
    """Refuse an optimizer that no package has, and a rate that is no number.

    The strategies of mmengine may bring optimizers with them; those are left to them.

    Raises:
        UserError: for such an optimizer or rate.
    """
    optimizer = (cfg.get('optim_wrapper') or {}).get('optimizer') or {}
    rate, kind = optimizer.get('lr'), optimizer.get('type')
    if rate is not None and not isinstance(rate, Real):
        raise UserError(f'optim_wrapper.optimizer.lr must be a number, got {rate!r}')
    if isinstance(kind, str) and not cfg.get('strategy'):
        init_default_scope(cfg.get('default_scope') or 'mmaction')
        with OPTIMIZERS.switch_scope_and_registry(None) as registry:
            if registry.get(kind) is None:
                raise no_such_type(kind, registry)
