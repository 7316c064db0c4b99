// Says that a file is too large as soon as it is chosen, not only after it has been sent.
const input = document.getElementById("cv_file");

input.addEventListener("change", () => {
  const [file] = input.files;
  const tooLarge = file && file.size > Number(input.dataset.maxBytes);
  input.setCustomValidity(tooLarge ? "The file is larger than 2 MB." : "");
  input.reportValidity();
});
