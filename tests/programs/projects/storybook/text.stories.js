export default { title: "Text" }; export const Text = () => "storybook";
