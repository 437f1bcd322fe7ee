import streamlit; streamlit.write("streamlit")
