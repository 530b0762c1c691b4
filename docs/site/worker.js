// The search of the site runs in a worker. From a disk (file:) browsers refuse workers, so there the
// script of the worker runs in a hidden frame instead. MkDocs' theme looks for IFrameWorker.
if (location.protocol === "file:") {
  window.Worker = window.IFrameWorker = class extends EventTarget {
    constructor(address) {
      super()
      const frame = document.createElement("iframe")
      frame.hidden = true
      document.body.append(frame)
      const inside = frame.contentWindow
      const load = url =>
        new Promise((done, failed) => {
          const script = inside.document.createElement("script")
          script.src = url
          script.onload = done
          script.onerror = failed
          inside.document.body.append(script)
        })
      inside.postMessage = data => this.dispatchEvent(new MessageEvent("message", { data }))
      inside.importScripts = (...urls) =>
        urls.reduce((before, url) => before.then(() => load(url)), Promise.resolve())
      const ready = load(new URL(address, location.href).href)
      this.postMessage = data =>
        ready.then(() => inside.dispatchEvent(new inside.MessageEvent("message", { data })))
    }

    terminate() {}
  }
}
