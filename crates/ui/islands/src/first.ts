// Runs before the page is shown: says that scripts work, so that what is only for pages without them stays away.
if ("noModule" in HTMLScriptElement.prototype) {
  document.documentElement.classList.add("scripted");
}
