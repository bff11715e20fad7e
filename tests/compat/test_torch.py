"""Missing features of an old torch end in one sentence; its operators have gradients nevertheless."""

import pytest
import torch

from mmtin.compat import torch as compat
from mmtin.errors import UserError


def test_torch_that_is_too_old(monkeypatch):
    monkeypatch.setattr(torch, '__version__', '2.1.0+cu121')
    with pytest.raises(UserError, match=r'^exporting needs torch 2\.6 or newer, found 2\.1\.0'):
        compat.require((2, 6), 'exporting')
    compat.require((2, 1), 'training')


def test_type_of_autocast():
    assert compat.autocast_dtype('cpu') is None
    with torch.autocast('cpu', torch.bfloat16):
        assert compat.autocast_dtype('cpu') == torch.bfloat16
    assert compat.has_autocast('cpu') and not compat.has_autocast('meta')


def test_operator_without_custom_operators(monkeypatch):
    """As before torch 2.4."""
    monkeypatch.setattr(compat, 'HAS_CUSTOM_OPERATORS', False)

    def multiply(x, y):
        return x * y

    def keep(ctx, inputs, output):
        ctx.save_for_backward(*inputs)

    def back(ctx, grad):
        x, y = ctx.saved_tensors
        return grad * y, grad * x

    product = compat.custom_operator('mmtin_test::product', multiply, multiply, keep, back)
    x, y = torch.tensor(2.0, requires_grad=True), torch.tensor(3.0, requires_grad=True)
    product(x, y).backward()
    assert (x.grad, y.grad) == (3, 2)
    assert compat.custom_operator('mmtin_test::plain', multiply, multiply) is multiply


@pytest.mark.parametrize(('version', 'kept'), [((2, 1), True), ((2, 8), False)])
def test_group_of_an_old_torch_is_left_but_not_destroyed(monkeypatch, version, kept):
    """Its destructor may wait for ever."""
    monkeypatch.setattr(compat, 'version', lambda: version)
    left: list = []
    monkeypatch.setattr(compat, '_LEFT', left)
    torch.distributed.init_process_group('gloo', store=torch.distributed.HashStore(), rank=0, world_size=1)
    group = torch.distributed.group.WORLD
    compat.leave_process_group()
    assert not torch.distributed.is_initialized()
    assert left == ([group] if kept else [])
