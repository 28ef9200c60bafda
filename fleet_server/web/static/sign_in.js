// A sign-in link carries the code in its fragment, which browsers keep to themselves.
"use strict";
{
  const code = decodeURIComponent(location.hash.slice(1));
  if (code) {
    // Out of the address bar and the history before anything else.
    history.replaceState(null, "", location.pathname + location.search);
    document.getElementById("code").value = code;
    document.getElementById("sign-in").requestSubmit();
  }
}
