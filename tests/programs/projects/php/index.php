<?php echo "php";
