// Adds to the log what arrived since, every few seconds while somebody looks at it.
"use strict";
{
  const EVERY_MS = 2000;
  const SLOWEST_MS = 30000;
  const MOST_ROWS = 400;

  const live = document.getElementById("live");
  const words = document.getElementById("live-words");
  const at = document.getElementById("live-at");
  const table = document.getElementById("log");
  const body = table.tBodies[0];
  let last = live.dataset.last;
  let pause = EVERY_MS;

  const tell = (text, away) => {
    words.textContent = text;
    live.classList.toggle("away", away);
  };

  // A kiosk that was away delivers late: a row goes where its time says, not on top.
  const place = (row) => {
    const shown = body.querySelector(`tr[data-id="${Number(row.dataset.id)}"]`);
    if (shown) {
      // The same scan again: companions may have come along since.
      if (shown.innerHTML !== row.innerHTML) shown.replaceWith(row);
      return;
    }
    const when = Number(row.dataset.at);
    const next = [...body.rows].find((other) => Number(other.dataset.at) <= when);
    row.classList.add("new");
    body.insertBefore(row, next || null);
  };

  const add = (html) => {
    const fresh = new DOMParser().parseFromString(html, "text/html").getElementById("new");
    if (!fresh || fresh.dataset.day !== live.dataset.day) {
      location.reload();
      return;
    }
    for (const row of [...fresh.querySelectorAll("tbody tr")]) place(document.adoptNode(row));
    while (body.rows.length > MOST_ROWS) body.deleteRow(-1);
    if (body.rows.length) {
      table.hidden = false;
      document.getElementById("empty")?.remove();
    }
    document.getElementById("counts").replaceWith(document.adoptNode(fresh.querySelector("#counts")));
    last = fresh.dataset.last;
    at.textContent = fresh.dataset.at;
  };

  const look = async () => {
    try {
      const answer = await fetch(`${live.dataset.from}?after=${last}`);
      if (answer.redirected || answer.status === 403) {
        location.reload();
        return;
      }
      if (!answer.ok) throw new Error(String(answer.status));
      add(await answer.text());
      tell(live.dataset.updated, false);
      pause = EVERY_MS;
    } catch {
      tell(live.dataset.away, true);
      pause = Math.min(pause * 2, SLOWEST_MS);
    }
    setTimeout(wait, pause);
  };

  const wait = () => {
    if (!document.hidden) look();
    else document.addEventListener("visibilitychange", wait, { once: true });
  };

  document.getElementById("reload").hidden = true;
  tell(live.dataset.updated, false);
  setTimeout(wait, EVERY_MS);
}
