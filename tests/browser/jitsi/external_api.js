// Stands in for Jitsi's own file of this name: takes the options as an application gives them and shows the room in a
// frame, as that does. Jitsi's web client itself is no part of these tests.

window.JitsiMeetExternalAPI = class {
  constructor(domain, options) {
    window.given = { domain, ...options, parentNode: options.parentNode.id };
    this.frame = document.createElement("iframe");
    this.frame.src = `https://${domain}/${options.roomName}#jwt=${encodeURIComponent(JSON.stringify(options.jwt))}`;
    this.frame.allow = "camera; microphone; display-capture; autoplay";
    this.frame.style.cssText = "width: 100%; height: 100%; border: 0";
    options.parentNode.append(this.frame);
    this.listeners = {};
    window.meeting = this;
  }

  dispose() {
    this.frame.remove();
    window.given = null;
  }

  addListener(event, listener) {
    this.listeners[event] = listener;
  }
};
