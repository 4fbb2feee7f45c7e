// Lets people see the password that they type. The form works without this.

const field = document.getElementById("password");
const button = document.getElementById("reveal");

function reveal(shown) {
  const { showLabel, hideLabel, show, hide } = button.dataset;
  field.type = shown ? "text" : "password";
  button.textContent = shown ? hide : show;
  button.setAttribute("aria-label", shown ? hideLabel : showLabel);
}

if (field && button) {
  reveal(false);
  button.hidden = false;
  button.addEventListener("click", () => {
    reveal(field.type === "password");
    field.focus();
  });
  // What is sent is a password again: browsers remember it as one.
  field.form.addEventListener("submit", () => reveal(false));
}
