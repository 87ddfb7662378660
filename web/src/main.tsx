// Starts the portal: the language, the page, then a former sign-in.
import { render } from "preact";
import { App } from "./app";
import { start } from "./auth/session";
import { startLocale } from "./i18n";

const place = document.getElementById("portal");
if (place === null) throw new Error("index.html has no #portal");

startLocale().then(() => {
  place.replaceChildren();
  render(<App />, place);
  start();
});
