const settings = JSON.parse(document.getElementById('settings').textContent);
const find = id => document.getElementById(id);
const player = find('player'), course = find('course'), layers = find('layer'), webcam = find('webcam'), live = find('live');
const waiting = [];
let shown = null, follow = true, predicting = false, recorder = null, recordings = 0;

const say = text => { find('said').textContent = text; find('said').hidden = !text; };

function make(name, properties = {}, ...children) {
  const element = Object.assign(document.createElement(name), properties);
  element.append(...children);
  return element;
}

function add(files) {
  say('');
  follow = true;
  for (const file of files) {
    const entry = { file, address: URL.createObjectURL(file), drawn: {}, state: make('span', { textContent: 'waiting' }) };
    entry.button = make('button', { type: 'button', disabled: true }, make('span', { textContent: file.name }), entry.state);
    entry.button.addEventListener('click', () => { show(entry); find('shown').scrollIntoView({ block: 'nearest' }); });
    find('videos').append(make('li', {}, entry.button));
    waiting.push(entry);
  }
  predict();
}

/* One video after the other, so that ten at once wait here and not in open connections. */
async function predict() {
  if (predicting) return;
  predicting = true;
  while (waiting.length) {
    const entry = waiting.shift();
    entry.state.textContent = 'sending';
    try {
      entry.result = await tried(entry);
      const [best] = entry.result.predictions;
      entry.state.textContent = `${best.name}  ${percent(best.score)}`;
      entry.button.disabled = false;
      if (follow) show(entry);
    } catch (error) {
      entry.state.textContent = error.message;
      Object.assign(entry.state, { className: 'fault', role: 'alert' });
    }
  }
  predicting = false;
}

async function tried(entry) {
  const { file } = entry;
  if (file.size > settings.max_size) {
    throw new Error(`${file.name} has more than ${settings.max_size / 1e6} MB; cut it, or start the page with a larger --max-size`);
  }
  entry.plays = await plays(entry.address);
  const query = new URLSearchParams({ name: file.name, ...(entry.plays ? {} : { preview: 1 }) });
  return ask(`videos?${query}`, { method: 'PUT', body: file }, done => {
    entry.state.textContent = done === null ? 'waiting for others' : done < 1 ? `predicting … ${Math.round(100 * done)} %` : 'drawing …';
  });
}

/* The last line of an answer; `told` gets how far it is from those before. */
async function ask(address, options = {}, told = () => {}) {
  let answer = {}, text = '';
  try {
    const response = await fetch(address, options), decoder = new TextDecoder(), reader = response.body.getReader();
    for (let part = await reader.read(); !part.done; part = await reader.read()) {
      const lines = (text + decoder.decode(part.value, { stream: true })).split('\n');
      text = lines.pop();
      for (const line of lines) {
        answer = JSON.parse(line);
        if ('done' in answer) told(answer.done);
      }
    }
    if (text) answer = JSON.parse(text);
  } catch {
    answer = {};
  }
  if (answer.error) throw new Error(answer.error);
  if (!Object.keys(answer).length || 'done' in answer) throw new Error('The page is not served any more; start it again and give the video again.');
  return answer;
}

/* Whether the browser shows pictures of a file; some formats it knows by their sound alone. */
function plays(address) {
  return new Promise(resolve => {
    const video = make('video', { muted: true, preload: 'auto', src: address });
    video.addEventListener('loadeddata', () => resolve(video.videoWidth > 0));
    video.addEventListener('error', () => resolve(false));
    setTimeout(() => resolve(false), 10000);
  });
}

const percent = score => `${(100 * score).toFixed(1)} %`;

function show(entry) {
  const { result } = entry;
  shown = entry;
  follow = false;
  for (const button of find('videos').querySelectorAll('button')) button.ariaPressed = button === entry.button;
  find('shown').hidden = false;
  find('name').textContent = entry.file.name;
  const copied = result.preview ? 'Your browser does not play this format, so a copy is shown.' : '';
  const unseen = result.lost ? `Your browser does not play this format, and no copy could be made: ${result.lost}.` : '';
  find('note').textContent = [result.note && `Note: ${result.note}.`, copied, unseen].filter(Boolean).join(' ');
  player.hidden = !entry.plays && !result.preview;
  player.src = entry.plays ? entry.address : result.preview ? `videos/${result.key}/preview.mp4` : '';
  if (!player.hidden) player.play().catch(() => {}); // a browser that forbids it shows its button
  find('predictions').tBodies[0].replaceChildren(...result.predictions.map(row));
  course.innerHTML = result.course.svg;
  if (!layers) return;
  layers.value = result.layer;
  find('offsets').innerHTML = result.offsets;
  find('weights').innerHTML = result.weights;
  find('strip').textContent = 'drawing …';
  draw();
}

function row({ name, score, colour }) {
  const swatch = make('span', { className: 'swatch' }), bar = make('div', { className: 'bar' });
  swatch.style.background = bar.style.background = colour;
  bar.style.width = `${100 * score}%`;
  return make('tr', {}, make('td', {}, swatch, name, bar), make('td', { textContent: percent(score) }));
}

async function draw() {
  const entry = shown, layer = layers.value, strip = find('strip');
  strip.classList.add('busy');
  try {
    if (!entry.drawn[layer]) {
      const answer = await ask(`videos/${entry.result.key}/layers/${encodeURIComponent(layer)}`);
      entry.drawn[layer] = answer.svg;
    }
    if (entry === shown && layer === layers.value) strip.innerHTML = entry.drawn[layer];
  } catch (error) {
    if (entry === shown) strip.replaceChildren(make('p', { className: 'fault', textContent: error.message }));
  }
  if (entry === shown && layer === layers.value) strip.classList.remove('busy');
}

/* The line at the moment that plays. */
function follows() {
  if (shown && !player.hidden) {
    const { left, right, end } = shown.result.course;
    course.style.setProperty('--at', `${100 * (left + (right - left) * Math.min(player.currentTime / end, 1))}%`);
  }
  requestAnimationFrame(follows);
}

async function record() {
  if (recorder) return recorder.stop();
  say('');
  if (!navigator.mediaDevices) return say('Browsers give the webcam to pages of this machine or by https alone; give a file.');
  let stream;
  try {
    stream = await navigator.mediaDevices.getUserMedia({ video: true });
  } catch (error) {
    return say(`The webcam cannot be used (${error.message}); give a file.`);
  }
  const parts = [];
  recorder = new MediaRecorder(stream);
  recorder.addEventListener('dataavailable', event => parts.push(event.data));
  recorder.addEventListener('stop', () => {
    for (const track of stream.getTracks()) track.stop();
    const { mimeType } = recorder, suffix = mimeType.includes('mp4') ? 'mp4' : 'webm';
    recorder = null;
    live.hidden = true;
    webcam.textContent = 'Record with the webcam';
    add([new File(parts, `webcam ${++recordings}.${suffix}`, { type: mimeType })]);
  });
  live.srcObject = stream;
  live.hidden = false;
  live.play();
  recorder.start();
  webcam.textContent = 'Stop and predict';
  setTimeout(current => current === recorder && current.stop(), 900 * settings.max_length, recorder);
}

find('files').addEventListener('change', event => { add([...event.target.files]); event.target.value = ''; });
webcam.addEventListener('click', record);
layers?.addEventListener('change', draw);
course.addEventListener('click', event => {
  const { left, right, end } = shown.result.course, box = course.getBoundingClientRect();
  player.currentTime = end * Math.min(Math.max(((event.clientX - box.left) / box.width - left) / (right - left), 0), 1);
});
for (const kind of ['dragenter', 'dragover']) {
  addEventListener(kind, event => { event.preventDefault(); find('drop').classList.add('over'); });
}
addEventListener('dragleave', event => { if (!event.relatedTarget) find('drop').classList.remove('over'); });
addEventListener('drop', event => {
  event.preventDefault();
  find('drop').classList.remove('over');
  add([...event.dataTransfer.files]);
});
follows();
