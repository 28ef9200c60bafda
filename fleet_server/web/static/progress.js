// Moves a bar on while somebody looks at it, and loads the page anew once all is done.
"use strict";
{
  const EVERY_MS = 1000;
  const SLOWEST_MS = 15000;
  const bar = document.getElementById("bar");
  const done = document.getElementById("done");
  const digits = new Intl.NumberFormat(document.documentElement.lang);
  let pause = EVERY_MS;

  const look = async () => {
    try {
      const answer = await fetch(bar.dataset.from);
      if (!answer.ok || answer.redirected) throw new Error(String(answer.status));
      const told = await answer.json();
      bar.value = told.done;
      done.textContent = digits.format(told.done);
      if (told.state !== "working") {
        location.reload();
        return;
      }
      pause = EVERY_MS;
    } catch {
      pause = Math.min(pause * 2, SLOWEST_MS);
    }
    setTimeout(look, pause);
  };

  setTimeout(look, EVERY_MS);
}
