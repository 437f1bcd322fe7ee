import sys
from django.conf import settings
from django.core.management import execute_from_command_line

settings.configure(DEBUG=True, ROOT_URLCONF=__name__, SECRET_KEY="test", ALLOWED_HOSTS=["*"])
urlpatterns = []
execute_from_command_line(sys.argv)
