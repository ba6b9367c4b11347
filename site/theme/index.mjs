import DefaultTheme from "vitepress/theme-without-fonts";
import "./pictures.css";
import "./style.css";

export default DefaultTheme;
