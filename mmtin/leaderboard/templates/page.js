const entries = JSON.parse(document.getElementById('entries').textContent);
const table = document.getElementById('table'), chart = document.getElementById('chart');
const filters = document.getElementById('filters'), tip = document.getElementById('tip');
const rows = [...table.tBodies[0].rows];
rows.forEach((row, index) => { row.entry = entries[index]; });

const cost = (entry, group) => entry[group].gflops ?? entry.measured.gflops ?? entry.published.gflops;

function sort(column, descending) {
  const number = table.tHead.rows[0].cells[column].classList.contains('number');
  const value = row => number ? row.cells[column].dataset.value : row.cells[column].textContent;
  rows.sort((one, other) => {
    const [a, b] = [value(one), value(other)];
    if (a === undefined || b === undefined) return (a === undefined) - (b === undefined); // what is missing comes last
    return (number ? a - b : a.localeCompare(b, 'en', { numeric: true })) * (descending ? -1 : 1);
  });
  table.tBodies[0].append(...rows);
  for (const cell of table.tHead.rows[0].cells) cell.removeAttribute('aria-sort');
  table.tHead.rows[0].cells[column].ariaSort = descending ? 'descending' : 'ascending';
}

function filter() {
  const wanted = Object.fromEntries(new FormData(filters));
  const most = wanted.most === '' ? Infinity : Number(wanted.most);
  for (const row of rows) {
    const { entry } = row, group = wanted.accuracy;
    row.hidden = Boolean(wanted.data_set && entry.data_set !== wanted.data_set)
      || Boolean(wanted.frames && entry.frames !== wanted.frames)
      || (most < Infinity && !(cost(entry, group || 'published') <= most))
      || Boolean(group && (entry[group].top1 ?? entry[group].mean_ap ?? null) === null);
  }
  const shown = rows.filter(row => !row.hidden).map(row => row.entry);
  document.getElementById('count').textContent = `${shown.length} of ${rows.length} lines`;
  draw(shown, wanted.accuracy || 'published');
}

const add = (name, attributes, text = '') => {
  const element = document.createElementNS('http://www.w3.org/2000/svg', name);
  for (const [key, value] of Object.entries(attributes)) element.setAttribute(key, value);
  element.textContent = text;
  chart.append(element);
  return element;
};

/* Accuracy against cost; published accuracies or those measured here, never both. */
function draw(shown, group) {
  const points = shown.map(entry => ({ entry, x: cost(entry, group), y: entry[group].top1 })).filter(({ x, y }) => x > 0 && y != null);
  chart.replaceChildren();
  tip.hidden = true;
  document.getElementById('caption').textContent = points.length
    ? `Top-1 accuracy ${group === 'published' ? 'as published' : 'measured here'} against multiply-adds of a video; the line joins those that no other beats at their cost`
    : `No top-1 accuracy ${group === 'published' ? 'was published' : 'was measured here'} for these lines`;
  if (!points.length) return;
  const span = values => [Math.min(...values), Math.max(...values)];
  let [left, right] = span(points.map(point => Math.log10(point.x))), [low, high] = span(points.map(point => point.y));
  const step = high - low > 25 ? 10 : high - low > 8 ? 5 : 2;
  left -= 0.3; right += 0.1; low = Math.floor(low / step - 0.1) * step; high = Math.ceil(high / step + 0.1) * step;
  const X = x => 50 + (Math.log10(x) - left) / (right - left) * 740, Y = y => 380 - (y - low) / (high - low) * 365;
  for (let y = low; y <= high; y += step) {
    add('line', { class: 'grid', x1: 50, x2: 790, y1: Y(y), y2: Y(y) });
    add('text', { x: 44, y: Y(y) + 4, 'text-anchor': 'end' }, `${y}`);
  }
  for (let power = Math.floor(left); power <= right; power++) {
    for (const digit of [1, 2, 5]) {
      const x = digit * 10 ** power;
      if (Math.log10(x) < left || Math.log10(x) > right) continue;
      add('line', { class: 'grid', x1: X(x), x2: X(x), y1: 15, y2: 380 });
      add('text', { x: X(x), y: 397, 'text-anchor': 'middle' }, `${Number(x.toPrecision(1))}`);
    }
  }
  add('text', { x: 420, y: 415, 'text-anchor': 'middle' }, 'multiply-adds of a video, G, logarithmic');
  const front = points.filter(a => !points.some(b => b !== a && b.x <= a.x && b.y >= a.y && (b.x < a.x || b.y > a.y))).sort((a, b) => a.x - b.x);
  add('polyline', { class: 'pareto', points: front.map(point => `${X(point.x)},${Y(point.y)}`).join(' ') });
  for (const { entry, x, y } of points) {
    const text = `${entry.model}, ${entry.backbone}, ${entry.frames} frames: ${y.toFixed(1)} % at ${x.toFixed(1)} G, `
      + (group === 'published' ? entry.source : 'measured here');
    const circle = add('circle', { class: group, cx: X(x), cy: Y(y), r: 6, tabindex: 0, role: 'img', 'aria-label': text });
    for (const kind of ['pointerenter', 'focus']) circle.addEventListener(kind, () => { tip.textContent = text; tip.hidden = false; });
    for (const kind of ['pointerleave', 'blur']) circle.addEventListener(kind, () => { tip.hidden = true; });
  }
  for (const { entry, x, y } of front) add('text', { class: 'name', x: X(x) - 9, y: Y(y) - 9, 'text-anchor': 'end' }, `${entry.model} ${entry.frames}`);
}

[...table.tHead.rows[0].cells].forEach((cell, column) => cell.firstElementChild.addEventListener('click', () => {
  const first = cell.classList.contains('number') && !cell.dataset.name.includes('gflops'); // more is better
  sort(column, cell.ariaSort ? cell.ariaSort === 'ascending' : first);
}));
filters.addEventListener('input', filter);
filters.addEventListener('reset', () => setTimeout(() => { filters.elements.data_set.value = ''; filter(); }));
filters.addEventListener('submit', event => event.preventDefault());
const top1 = [...table.tHead.rows[0].cells].findIndex(cell => cell.dataset.name === 'published.top1');
if (top1 >= 0) sort(top1, true);
filter();
