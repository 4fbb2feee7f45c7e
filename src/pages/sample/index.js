// Turns the name of a room into the path that people come back to.

const form = document.getElementById("ask");
const room = document.getElementById("room");

form.addEventListener("submit", () => {
  form.elements.next.value = `/${encodeURIComponent(room.value.trim())}`;
});
