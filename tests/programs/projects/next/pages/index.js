export default () => "next"
