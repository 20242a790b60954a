// What pages do beyond HTML. Each part looks for its own attributes, and does nothing where there are none; every page
// works without them.
import "htmx.org";
import { blurs } from "./blur";
import { forms } from "./forms";
import { keys } from "./keys";
import { live } from "./live";
import { photos } from "./photos";
import { places } from "./place";

/** Everything below a new part of the page. */
function wake(root: ParentNode): void {
  forms(root);
  photos(root);
  blurs(root);
  places(root);
  if (root.querySelector("[data-map]:not([hidden])")) {
    void import("./map").then(({ maps }) => maps(root));
  }
}

wake(document);
keys();
live();
