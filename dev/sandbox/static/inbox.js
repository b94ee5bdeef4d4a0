// Keeps the counters and, on the first page, the list up to date.
const EVERY = 3000; // milliseconds
const COUNTERS = ["accepted", "unique_recipients", "bounces_sent", "refused", "bounces_failed"];

async function refresh() {
  const stats = await (await fetch("/api/stats")).json();
  for (const name of COUNTERS) {
    document.getElementById(name).textContent = stats[name];
  }
  document.querySelector(".alarm").hidden = !stats.bounces_failed;
  const list = document.getElementById("list");
  if (list.dataset.live && (list.dataset.newest !== String(stats.newest_id) || stats.bounces_pending)) {
    const html = await (await fetch("/")).text();
    list.replaceWith(new DOMParser().parseFromString(html, "text/html").getElementById("list"));
  }
}

async function keepFresh() {
  if (!document.hidden) {
    await refresh().catch(() => {}); // the sandbox was stopped: the next round may find it again
  }
  setTimeout(keepFresh, EVERY);
}

document.getElementById("clear").addEventListener("submit", (event) => {
  if (!confirm("Forget all messages and counters?")) {
    event.preventDefault();
  }
});
setTimeout(keepFresh, EVERY);
