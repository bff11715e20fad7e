const root = document.documentElement;
document.getElementById('theme').addEventListener('click', () => {
  const dark = root.dataset.theme
    ? root.dataset.theme === 'dark'
    : matchMedia('(prefers-color-scheme: dark)').matches;
  root.dataset.theme = dark ? 'light' : 'dark';
});

const clips = [...document.querySelectorAll('.clip')];
const press = (button, pressed) => button.setAttribute('aria-pressed', pressed);
for (const clip of clips) {
  clip.addEventListener('click', () => press(clip, clip.getAttribute('aria-pressed') !== 'true'));
}
const play = document.getElementById('play');
play.addEventListener('click', () => {
  const start = play.getAttribute('aria-pressed') !== 'true';
  for (const button of [play, ...clips]) press(button, start);
  play.textContent = start ? 'Stop all' : 'Play all';
});
