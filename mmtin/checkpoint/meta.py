"""Read which model a checkpoint of MMAction2 holds, from the config stored in it."""

import ast

from mmtin.checkpoint.max_offset import AUTHORS_MAX_OFFSET

_INTERLACING = ('TINResNet', 'TINMobileNetV2', 'TINMobileOne', 'InterlacedBackbone')


def model_config(meta: object) -> dict:
    """The ``model`` of the config in a checkpoint's ``meta``, empty if there is none that can be read.

    mmengine and MMAction2 0.x store the config as Python source. It is parsed and never run: what is not
    a literal or a call of ``dict`` reads as None. The normalisation of 0.x, which stands outside the model,
    is returned as 1.x has it, under ``'data_preprocessor'``.
    """
    if not isinstance(meta, dict):
        return {}
    if isinstance(meta.get('model'), dict):  # as mmtin.conversion.convert writes it
        return meta['model']
    text = meta.get('cfg') or meta.get('config')
    try:
        statements = ast.parse(text if isinstance(text, str) else '').body
    except (RecursionError, SyntaxError, ValueError):
        return {}
    assigned = {
        statement.targets[0].id: _literal(statement.value)
        for statement in statements
        if isinstance(statement, ast.Assign) and isinstance(statement.targets[0], ast.Name)
    }
    model = assigned.get('model')
    model = dict(model) if isinstance(model, dict) else {}
    if isinstance(assigned.get('img_norm_cfg'), dict):
        model.setdefault('data_preprocessor', assigned['img_norm_cfg'])
    return model


def interlacing_backbone(meta: object) -> dict | None:
    """The backbone with TIN layers in the config in a checkpoint's ``meta``, also within another backbone.

    None if there is none. MMAction2's ResNetTIN gets the ``max_offset`` that its code has.
    """
    node: object = model_config(meta)
    while isinstance(node, dict):
        kind = str(node.get('type')).rpartition('.')[2]
        if kind in _INTERLACING:
            return node
        if kind == 'ResNetTIN':
            return dict(node, max_offset=AUTHORS_MAX_OFFSET)
        node = node.get('backbone')
    return None


def _literal(node: ast.expr) -> object:
    if isinstance(node, ast.Call) and getattr(node.func, 'id', None) == 'dict':
        return {keyword.arg: _literal(keyword.value) for keyword in node.keywords if keyword.arg}
    if isinstance(node, ast.Dict):
        keys = [key.value if isinstance(key, ast.Constant) else None for key in node.keys]
        return dict(zip(keys, map(_literal, node.values)))
    if isinstance(node, (ast.List, ast.Tuple)):
        return [_literal(item) for item in node.elts]
    try:
        return ast.literal_eval(node)
    except ValueError:
        return None
